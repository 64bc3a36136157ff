-- One row per online service and unit that applies it, newest version; no unit: every unit of the level.
select
    madvc as service_code,
    matthc as procedure_code,
    mucdo as online_level,
    trangthai as state,
    madonvi as unit_code
from {{ newest_version('online_services') }} as version
