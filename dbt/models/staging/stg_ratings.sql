-- One row per rating of a dossier by its applicant, newest version.
select
    mahoso as dossier_code,
    ngaydanhgia as rated_at,
    mucdo as rating
from {{ newest_version('ratings', 'mahoso') }} as version
