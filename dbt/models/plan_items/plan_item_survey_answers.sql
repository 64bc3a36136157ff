-- One row per unit and period: the satisfaction forms answered in the period.
-- Plan item survey_answers: how many they are.
select
    'survey_answers' as item_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    count(*) as things,
    count(*) as things_in
from {{ ref('int_survey_period') }}
group by unit_code, period_type, period_start
