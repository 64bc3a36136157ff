-- One row per dossier received in the period.
-- Decision 766, indicator 3.3: submitted online; its ratio is multiplied by that of 1.4 (int_indicator_count).
select
    '3.3' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    is_online as in_numerator,
    'not_online' as reason
from {{ ref('int_dossier_period') }}
where is_received_in_period
