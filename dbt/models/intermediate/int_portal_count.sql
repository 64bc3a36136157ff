-- One row per unit and period whose dossiers the portal has counted (1.4), as last pulled.
select
    unit_code,
    period_type,
    period_start,
    denominator as dossiers
from {{ ref('stg_portal_scores') }}
where portal_code = 'DOSSIER_SYNC' and is_newest and denominator is not null
