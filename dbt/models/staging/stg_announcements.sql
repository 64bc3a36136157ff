-- One row per procedure in an announcement decision, newest version.
select
    row_key as announcement_key,
    soquyetdinh as decision_code,
    ngayquyetdinh as decided_at,
    madonvi as unit_code,
    loaicongbo as kind,
    matthc as procedure_code,
    ngayhieuluc as in_force_at,
    ngaycongkhai as public_at
from {{ newest_version('announcements') }} as version
