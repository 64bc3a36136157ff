-- One row per dossier received in the period for a fee-bearing procedure, unless all its fee lines are 0.
-- Decision 766, indicator 3.6: paid online.
select
    '3.6' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    is_paid_online as in_numerator,
    'not_paid_online' as reason
from {{ ref('int_dossier_period') }}
where is_received_in_period and is_fee_bearing and not has_only_zero_fees
