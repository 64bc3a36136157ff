-- One row per unit and current period: the days that the forecast takes the pace of rare things from (announcements,
-- uses of a procedure): the unit's window or, where that is longer, the period so far.
{{ config(materialized='view') }}
select
    recent.unit_code,
    period.period_type,
    period.period_start,
    period.days_left,
    first.day as first_day,
    -- a first thing on a day off
    greatest(night.working_day_number - first.working_day_number + first.is_working_day::integer, 1) as days
from {{ ref('int_forecast_window') }} as recent
cross join {{ ref('int_current_period') }} as period
inner join {{ ref('int_calendar') }} as first
    on first.day = greatest(recent.history_begins_on, least(recent.first_day, period.period_start))
inner join {{ ref('int_calendar') }} as night on night.day = date '{{ var("as_of_day") }}'
