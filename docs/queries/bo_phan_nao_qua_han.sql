-- Bộ phận nào đang giữ nhiều hồ sơ quá hạn hoặc đến hạn trong ba ngày tới?
select
    coalesce(work.department, 'không ghi bộ phận') as department,
    count(*) filter (where work.urgency = 'overdue') as overdue,
    count(*) filter (where work.urgency in ('today', '3_days')) as due_soon,
    count(*) as open_dossiers
from marts.dossier_worklist as work
where work.unit_code = 'H24.999'
group by work.department
order by overdue desc, due_soon desc, department;
