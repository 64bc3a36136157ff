-- Đêm qua nguồn nào thiếu, đến muộn, có dòng để riêng hoặc có cảnh báo?
select
    status.source,
    status.files,
    status.rows_read,
    status.rows_set_aside,
    status.is_late,
    status.is_missing,
    status.warning
from marts.data_status as status
where status.export_day = (select max(newest.export_day) from marts.data_status as newest)
order by status.is_missing desc, status.rows_set_aside desc, status.source;
