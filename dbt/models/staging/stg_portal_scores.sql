-- One row per unit, period and code of the portal: what it published, as last pulled. 2026-year is the year 2026.
select distinct on (unit_code, period_type, period_start, portal_code)
    unit_code,
    case
        when period ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])$' then 'month'
        when period ~ '^[12][0-9]{3}-Q[1-4]$' then 'quarter'
        when period ~ '^[12][0-9]{3}(-year)?$' then 'year'
    end as period_type,
    case
        when period ~ '^[12][0-9]{3}-(0[1-9]|1[0-2])$' then to_date(period, 'YYYY-MM')
        when period ~ '^[12][0-9]{3}-Q[1-4]$' then make_date(left(period, 4)::integer, right(period, 1)::integer * 3 - 2, 1)
        when period ~ '^[12][0-9]{3}(-year)?$' then to_date(left(period, 4), 'YYYY')
    end as period_start,
    metric as portal_code,
    numerator,
    denominator,
    ratio,
    score,
    max_score,
    export_day as pulled_on
from {{ newest_version('portal_scores') }} as version
order by
    unit_code, period_type, period_start, portal_code, export_day desc, file_name desc, load_id desc, line desc
