-- Ít việc nhất để đạt hạng mục tiêu là những việc gì, mỗi bước được bao nhiêu điểm?
select
    plan.unit_code,
    plan.period_type,
    plan.step,
    plan.action_name,
    plan.units_of_work,
    plan.points_gained,
    plan.cumulative_score,
    plan.cumulative_rank
from marts.improvement_plan as plan
order by plan.unit_code, plan.period_type, plan.step;
