-- One row per unit and period: the best marks that the answers given in the period could have had.
-- Plan item survey_index: the marks that they had; 5 is the best.
select
    'survey_index' as item_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    sum(answers) * 5 as things,
    sum(marks) as things_in
from {{ ref('int_survey_period') }}
group by unit_code, period_type, period_start
