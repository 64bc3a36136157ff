-- One row per unit, period and code of the portal: what it published, as last pulled. 2026-year is the year 2026.
with version as (
    select
        *,
        substring(period from '^[12][0-9]{3}')::integer as period_year,
        substring(period from '^[0-9]{4}-(0[1-9]|1[0-2])$')::integer as period_month,
        substring(period from '^[0-9]{4}-Q([1-4])$')::integer as period_quarter
    from {{ newest_version('portal_scores') }} as newest
    where period ~ '^[12][0-9]{3}(-year|-Q[1-4]|-0[1-9]|-1[0-2])?$'
)

select
    unit_code,
    case
        when period_month is not null then 'month'
        when period_quarter is not null then 'quarter'
        else 'year'
    end as period_type,
    make_date(period_year, coalesce(period_month, 3 * period_quarter - 2, 1), 1) as period_start,
    metric as portal_code,
    numerator,
    denominator,
    ratio,
    score,
    max_score,
    export_day as pulled_on
from version
