-- One row per current period: the month, quarter and year that hold the last second before A.
-- days_left: the working days from A through its last day.
select
    period.period_type,
    period.period_start,
    period.ends_on,
    period.ends_at,
    period.ends_at = {{ as_of() }} as is_over,
    last.working_day_number - night.working_day_number as days_left
from {{ ref('int_period') }} as period
inner join {{ ref('int_calendar') }} as last on last.day = period.ends_on
inner join {{ ref('int_calendar') }} as night on night.day = {{ as_of_day() }}
where period.ends_at >= {{ as_of() }}
