-- Hôm nay nên làm hồ sơ nào trước, hồ sơ còn thiếu gì?
select
    work.place,
    work.dossier_code,
    procedure.procedure_name,
    work.department,
    work.due_at,
    work.urgency,
    array_to_string(work.missing, ', ') as missing,
    round(work.points_at_stake, 3) as points_at_stake
from marts.dossier_worklist as work
left join marts.dim_procedure as procedure on procedure.procedure_code = work.procedure_code
where work.unit_code = 'H24.999'
order by work.place
limit 20;
