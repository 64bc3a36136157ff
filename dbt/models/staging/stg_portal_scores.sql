-- One row per unit, period, code of the portal and day pulled: what it published then. 2026-year is the year 2026.
-- The code stands beside the row's key, of which it is a part, so that who asks for one code reads and sorts no other.
with pulled as (
    select distinct on (row_key, metric, export_day)
        *,
        export_day = max(export_day) over (partition by row_key, metric) as is_newest,
        substring(period from '^[12][0-9]{3}')::integer as period_year,
        substring(period from '^[0-9]{4}-(0[1-9]|1[0-2])$')::integer as period_month,
        substring(period from '^[0-9]{4}-Q([1-4])$')::integer as period_quarter
    from {{ source('raw', 'portal_scores') }}
    where
        load_id <= {{ var('last_load_id') }}
        and export_day <= date '{{ var("as_of_day") }}'
        and period ~ '^[12][0-9]{3}(-year|-Q[1-4]|-0[1-9]|-1[0-2])?$'
    order by row_key, metric, export_day desc, file_name desc, load_id desc
)

select
    unit_code,
    unit_name,
    case when lower(unit_level) in ('commune', 'agency', 'province') then lower(unit_level) end as unit_level,
    case
        when period_month is not null then 'month'
        when period_quarter is not null then 'quarter'
        else 'year'
    end as period_type,
    make_date(period_year, coalesce(period_month, 3 * period_quarter - 2, 1), 1) as period_start,
    metric as portal_code,
    numerator,
    denominator,
    -- The portal writes shares in percent, and the average time in days.
    case when metric = 'avgProcessingDays' then ratio else trim_scale(ratio / 100) end as ratio,
    score,
    max_score,
    export_day as pulled_on,
    is_newest
from pulled
