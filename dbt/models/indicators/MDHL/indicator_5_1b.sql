-- One row per petition whose clock started before T and that was not closed before the period.
-- Decision 766, indicator 5.1b: about the conduct of officials; shown, not scored.
select
    '5.1b' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'petition' as evidence_kind,
    petition_code as evidence_key,
    null::text as procedure_code,
    coalesce(category = 'hanh_vi', false) as in_numerator,
    'other_category' as reason
from {{ ref('int_petition_period') }}
