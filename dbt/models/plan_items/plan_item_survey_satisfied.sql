-- One row per unit and period: the satisfaction forms answered in the period.
-- Plan item survey_satisfied: those whose answers are 4 ("hài lòng") or better on average.
select
    'survey_satisfied' as item_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    count(*) as things,
    count(*) filter (where marks >= 4 * answers) as things_in
from {{ ref('int_survey_period') }}
group by unit_code, period_type, period_start
