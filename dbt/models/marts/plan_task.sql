-- One row per unit and item of its plan that is a task, as at A: its deadline, how far it is, and what proves it.
select
    task.unit_code,
    task.task_code,
    task.task_name,
    task.plan_name,
    task.is_training,
    task.deadline_day,
    task.done_day,
    task.status,
    task.percent_done,
    task.evidence_link,
    case
        when task.done_day > task.deadline_day then 'late'
        when task.done_day is not null and task.evidence_link is null then 'unproven'
        when task.done_day is not null then 'on_time'
        when task.deadline_day < {{ as_of() }} then 'open_overdue'
        else 'open_in_time'
    end as state,
    case when task.done_day is null then {{ working_days_left('task.deadline_day') }} end as working_days_left
from {{ ref('int_plan_task') }} as task
inner join {{ ref('int_unit') }} as unit on unit.unit_code = task.unit_code
