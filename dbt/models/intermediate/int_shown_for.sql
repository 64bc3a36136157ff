-- One row per scope, unit that a thing was counted for, and unit that shows it.
-- own: the unit and every unit above it; province: the province and every unit below it; unit: the unit alone.
select
    'own' as scope,
    unit_code as counted_unit_code,
    ancestor_code as unit_code
from {{ ref('int_unit_tree') }}
union all
select
    'province' as scope,
    province_code as counted_unit_code,
    unit_code
from {{ ref('int_unit') }}
where province_code is not null
union all
select
    'unit' as scope,
    unit_code as counted_unit_code,
    unit_code
from {{ ref('int_unit') }}
