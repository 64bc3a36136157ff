-- One row per unit, period and procedure, vertical or linked, of which the unit, or one below it, received a dossier.
select distinct
    tree.ancestor_code as unit_code,
    own.period_type,
    own.period_start,
    own.counted_code as procedure_code
from {{ ref('int_dossier_sum') }} as own
inner join {{ ref('int_procedure') }} as procedure
    on procedure.procedure_code = own.counted_code and (procedure.is_vertical or procedure.is_linked)
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = own.unit_code
-- it counts every dossier that was received in the period
where own.kind = 'plan' and own.code = 'returned'
