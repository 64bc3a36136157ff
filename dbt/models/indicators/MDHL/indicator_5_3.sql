-- One row per petition whose clock started before T and that was not closed before the period.
-- Decision 766, indicator 5.3: not rated dissatisfied, not late, not repeated.
select
    '5.3' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'petition' as evidence_kind,
    petition_code as evidence_key,
    null::text as procedure_code,
    not is_dissatisfied and is_in_time and not is_repeated as in_numerator,
    case
        when is_dissatisfied then 'dissatisfied'
        when not is_in_time then state
        else 'repeated'
    end as reason
from {{ ref('int_petition_period') }}
