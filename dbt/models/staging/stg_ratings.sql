-- One row per rating of a dossier by its applicant, newest version.
select
    mahoso as dossier_code,
    convert.to_unit_code(mahoso) as unit_code,
    ngaydanhgia as rated_at,
    mucdo as rating
from {{ newest_version('ratings', 'mahoso') }} as version
