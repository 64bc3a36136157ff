-- One row per current period, the month, quarter and year that hold the last second before A, with the working days
-- from A through its last day.
{{ config(materialized='view') }}
select
    period.period_type,
    period.period_start,
    period.ends_on,
    period.ends_at,
    last.working_day_number - night.working_day_number as days_left
from {{ ref('int_period') }} as period
inner join {{ ref('int_calendar') }} as last on last.day = period.ends_on
inner join {{ ref('int_calendar') }} as night on night.day = date '{{ var("as_of_day") }}'
where period.ends_at >= {{ as_of() }}
