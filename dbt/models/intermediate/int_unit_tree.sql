-- One row per unit and unit above it, itself included: a unit's things are its own and those of every unit below it.
with recursive tree as (
    select
        unit_code,
        unit_code as ancestor_code,
        parent_unit_code as next_code,
        0 as distance
    from {{ ref('stg_units') }}
    union all
    select
        tree.unit_code,
        parent.unit_code as ancestor_code,
        parent.parent_unit_code as next_code,
        tree.distance + 1 as distance
    from tree
    inner join {{ ref('stg_units') }} as parent on parent.unit_code = tree.next_code
)
-- An export whose units form a ring must not keep the night from ending.
cycle ancestor_code set is_ring using visited

select
    unit_code,
    ancestor_code,
    distance
from tree
where not is_ring
