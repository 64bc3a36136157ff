-- One row per day from 2000 to 2049.
select
    day,
    is_working_day,
    holiday_name,
    working_day_number
from {{ ref('int_calendar') }}
