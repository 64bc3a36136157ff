-- One row per calendar row that cannot change a day: weekends are off anyway, and only a Saturday is swapped into a
-- working day.
select *
from {{ ref('holidays') }}
where
    (kind = 'off' and extract(isodow from day) > 5)
    or (kind = 'working_saturday' and extract(isodow from day) <> 6)
