-- One row per dossier received before T and not finished before the period.
-- Decision 766, indicator 2.1: finished early or on time, or still in time.
select
    '2.1' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    state not in ('late', 'open_overdue') as in_numerator,
    state as reason
from {{ ref('int_dossier_period') }}
where is_counted
