-- One row per calendar row that cannot change a day: weekends are off anyway, and only a Saturday is swapped into a
-- working day.
select
    *,
    'Tệp dbt/seeds/reference/holidays.csv, dòng ' || day || ': hãy sửa ngày hoặc kind, vì off phải là một ngày'
    || ' từ thứ Hai đến thứ Sáu, working_saturday phải là thứ Bảy' as sentence
from {{ ref('holidays') }}
where
    (kind = 'off' and extract(isodow from day) > 5)
    or (kind = 'working_saturday' and extract(isodow from day) <> 6)
