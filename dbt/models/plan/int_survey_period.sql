-- One row per satisfaction form with an answer, and period it was answered in: its answers and the sum of their marks,
-- 1 to 5.
select
    survey.survey_code,
    survey.unit_code,
    period.period_type,
    period.period_start,
    given.answers,
    given.marks
from {{ ref('stg_surveys') }} as survey
inner join {{ ref('int_period') }} as period
    on survey.answered_at >= period.starts_at and survey.answered_at < period.seen_at
cross join
    lateral (
        select
            count(*) as answers,
            sum(convert.to_code(answer.value)) as marks
        from jsonb_each_text(survey.answers) as answer (question, value)
        where convert.to_code(answer.value) between 1 and 5
    ) as given
where given.answers > 0
