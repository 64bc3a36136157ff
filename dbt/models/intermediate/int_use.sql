-- One row per indicator (3.5a, 3.5b, 4.5a, 3.2), unit, period and procedure or service that a dossier of the unit, or
-- of a unit below it, uses in it.
select distinct
    use.code as indicator_code,
    tree.ancestor_code as unit_code,
    use.period_type,
    use.period_start,
    use.counted_code as used_code
from {{ ref('int_dossier_sum') }} as use
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = use.unit_code
where use.kind = 'use'
