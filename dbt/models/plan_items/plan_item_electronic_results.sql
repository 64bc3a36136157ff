-- One row per dossier of 2.1 whose procedure has a paper result.
-- Plan item electronic_results, the second half of 4.2: a link to an electronic result.
select
    'electronic_results' as item_code,
    unit_code,
    period_type,
    period_start,
    dossier_code,
    procedure_code,
    has_electronic_result as in_numerator
from {{ ref('int_dossier_period') }}
where is_counted and has_paper_result
