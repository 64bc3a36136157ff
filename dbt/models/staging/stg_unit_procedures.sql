-- One row per unit and procedure that it says it handles, newest version.
select
    madonvi as unit_code,
    matthc as procedure_code
from {{ newest_version('unit_procedures') }} as version
