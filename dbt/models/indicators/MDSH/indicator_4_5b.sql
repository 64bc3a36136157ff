-- One row per dossier received before T and not finished before the period (the dossiers of 2.1).
-- Decision 766, indicator 4.5b: uses a verified account or population data.
select
    '4.5b' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    uses_population_data as in_numerator,
    'no_population_data' as reason
from {{ ref('int_dossier_period') }}
where is_counted
