-- One row per dossier received before T and not finished before the period (the dossiers of 2.1).
-- Decision 766, indicator 4.4: takes from, or puts into, the citizen's data store.
select
    '4.4' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    from_data_store as in_numerator,
    'no_data_store' as reason
from {{ ref('int_dossier_period') }}
where is_counted
