-- One row per unit and item of its plan, newest version.
select
    madonvi as unit_code,
    manhiemvu as task_code,
    tennhiemvu as task_name,
    kehoach as plan_name,
    hanhoanthanh as due_at,
    ngayhoanthanh as done_at,
    trangthai as status,
    tyle as percent_done,
    minhchung as evidence_link
from {{ newest_version('tasks') }} as version
