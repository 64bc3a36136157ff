-- One row per unit and period: its other tasks whose deadline lies in the period, before T.
-- Plan item tasks: those done by their deadline, with a link that proves it.
select
    'tasks' as item_code,
    'own' as scope,
    task.unit_code,
    period.period_type,
    period.period_start,
    count(*) as things,
    count(*) filter (where task.done_day <= task.deadline_day and task.evidence_link is not null) as things_in
from {{ ref('int_plan_task') }} as task
inner join {{ ref('int_period') }} as period
    on task.deadline_day >= period.period_start and task.deadline_day < period.seen_at
where not task.is_training
group by task.unit_code, period.period_type, period.period_start
