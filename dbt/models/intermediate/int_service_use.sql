-- One row per unit, period and service with an online dossier in it, the unit's own or of a unit below it.
select distinct
    tree.ancestor_code as unit_code,
    period.period_type,
    period.period_start,
    dossier.service_code
from {{ ref('int_online_dossier') }} as dossier
inner join {{ ref('int_period') }} as period
    on dossier.used_at >= period.starts_at and dossier.used_at < period.seen_at
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
