-- One row per unit, period and procedure with a dossier received in it, the unit's own or of a unit below it: what
-- 3.5a, 3.5b and 4.5a ask.
select
    tree.ancestor_code as unit_code,
    dossier.period_type,
    dossier.period_start,
    dossier.procedure_code,
    bool_or(dossier.has_fee_amount) as has_fee_amount,
    bool_or(dossier.is_paid_online) as is_paid_online,
    bool_or(dossier.uses_population_data) as uses_population_data
from {{ ref('int_dossier_period') }} as dossier
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
where dossier.is_received_in_period
group by tree.ancestor_code, dossier.period_type, dossier.period_start, dossier.procedure_code
