-- One row per dossier received before T and not finished before the period (the dossiers of 2.1).
-- Plan item component_files, the first half of 4.2: a component file.
select
    'component_files' as item_code,
    unit_code,
    period_type,
    period_start,
    dossier_code,
    procedure_code,
    has_component_file as in_numerator
from {{ ref('int_dossier_period') }}
where is_counted
