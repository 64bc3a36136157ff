-- One row per unit and item of its plan. What is done at A or later is not done yet.
select
    unit_code,
    task_code,
    task_name,
    plan_name,
    due_at::date as deadline_day,
    case when done_at < {{ as_of() }} then done_at::date end as done_day,
    status,
    percent_done,
    evidence_link,
    -- no field says so
    coalesce(task_name ~* '(tập huấn|bồi dưỡng|đào tạo)', false) as is_training
from {{ ref('stg_tasks') }}
