-- One row per unit, period, code of the portal and day pulled: what it published. 2026-year is the year 2026.
with version as (
    select distinct on (row_key, export_day)
        *,
        export_day = max(export_day) over (partition by row_key) as is_newest,
        substring(period from '^[12][0-9]{3}')::integer as period_year,
        substring(period from '^[0-9]{4}-(0[1-9]|1[0-2])$')::integer as period_month,
        substring(period from '^[0-9]{4}-Q([1-4])$')::integer as period_quarter
    from {{ source('raw', 'portal_scores') }}
    where
        load_id <= {{ var('last_load_id') }}
        and export_day <= date '{{ var("as_of_day") }}'
        and period ~ '^[12][0-9]{3}(-year|-Q[1-4]|-0[1-9]|-1[0-2])?$'
    order by row_key, export_day, file_name desc, load_id desc
)

select
    unit_code,
    unit_name,
    case when unit_level in ('COMMUNE', 'AGENCY', 'PROVINCE') then lower(unit_level) end as unit_level,
    case
        when period_month is not null then 'month'
        when period_quarter is not null then 'quarter'
        else 'year'
    end as period_type,
    make_date(period_year, coalesce(period_month, 3 * period_quarter - 2, 1), 1) as period_start,
    metric as portal_code,
    numerator,
    denominator,
    ratio / 100 as ratio,
    score,
    max_score,
    export_day as pulled_on,
    is_newest
from version
