-- One row per administrative unit.
select
    unit_code,
    unit_name,
    unit_level,
    parent_unit_code,
    gso_code
from {{ ref('int_unit') }}
