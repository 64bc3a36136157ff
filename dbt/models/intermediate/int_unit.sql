-- One row per unit, with the province it belongs to.
select
    unit.unit_code,
    unit.unit_name,
    unit.unit_level,
    unit.parent_unit_code,
    unit.gso_code,
    unit.certifies_copies,
    province.province_code
from {{ ref('stg_units') }} as unit
left join lateral (
    select tree.ancestor_code as province_code
    from {{ ref('int_unit_tree') }} as tree
    inner join {{ ref('stg_units') }} as ancestor on ancestor.unit_code = tree.ancestor_code
    where tree.unit_code = unit.unit_code and ancestor.unit_level = 'province'
    order by tree.distance
    limit 1
) as province on true
