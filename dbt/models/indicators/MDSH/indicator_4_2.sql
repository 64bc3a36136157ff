-- One row per dossier received before T and not finished before the period (the dossiers of 2.1).
-- Decision 766, indicator 4.2: digitised: a component file and, where the result is a paper document, a link to an
-- electronic result.
select
    '4.2' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    has_component_file and (has_electronic_result or not has_paper_result) as in_numerator,
    case when has_component_file then 'no_electronic_result' else 'no_component_file' end as reason
from {{ ref('int_dossier_period') }}
where is_counted
