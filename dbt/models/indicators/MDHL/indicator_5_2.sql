-- One row per petition whose clock started before T and that was not closed before the period.
-- Decision 766, indicator 5.2: handled in time.
select
    '5.2' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'petition' as evidence_kind,
    petition_code as evidence_key,
    null::text as procedure_code,
    is_in_time as in_numerator,
    state as reason
from {{ ref('int_petition_period') }}
