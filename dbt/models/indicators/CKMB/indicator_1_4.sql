-- One row per dossier received in the period.
-- Decision 766, indicator 1.4: synchronised to the portal; measured against the counts of the portal and of the
-- national reporting system (int_indicator_count).
select
    '1.4' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    is_synchronised as in_numerator,
    'not_synchronised' as reason
from {{ ref('int_dossier_period') }}
where is_received_in_period
