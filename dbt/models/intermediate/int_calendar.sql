-- One row per day from 2000 to 2049, with its place in the count of working days.
-- Monday to Friday, less the official days off, plus the swapped working Saturdays (seed holidays).
{{ config(indexes=[{'columns': ['day'], 'unique': true}, {'columns': ['working_day_number', 'is_working_day']}]) }}
select
    calendar.day,
    calendar.is_working_day,
    calendar.holiday_name,
    count(*) filter (where calendar.is_working_day) over (order by calendar.day)::integer as working_day_number
from (
    select
        series.day::date as day,
        case holidays.kind
            when 'off' then false
            when 'working_saturday' then true
            else extract(isodow from series.day) < 6
        end as is_working_day,
        holidays.holiday_name
    from generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') as series (day)
    left join {{ ref('holidays') }} as holidays on holidays.day = series.day::date
) as calendar
