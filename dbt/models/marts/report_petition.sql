-- One row per unit, report period and category with a petition of the unit or of one below it (5.2).
{{ config(materialized='view') }}
with judged as (
    select
        petition.unit_code,
        petition.period_type,
        petition.period_start,
        coalesce(petition.category, '') as category,
        petition.state,
        started.clock_start::date >= petition.period_start as is_received_in_period
    from (
        {{ petition_state(ref('int_report_period')) }}
    ) as petition
    inner join {{ ref('int_petition') }} as started on started.petition_code = petition.petition_code
)

select
    tree.ancestor_code as unit_code,
    judged.period_type,
    judged.period_start,
    period.ends_on as period_end,
    judged.category,
    count(*) as received,
    count(*) filter (where judged.is_received_in_period) as received_in_period,
    count(*) filter (where not judged.is_received_in_period) as carried_over,
    count(*) filter (where judged.state in ('on_time', 'late')) as handled,
    count(*) filter (where judged.state = 'on_time') as handled_on_time,
    count(*) filter (where judged.state = 'late') as handled_late,
    count(*) filter (where judged.state in ('open_in_time', 'open_overdue')) as in_progress,
    count(*) filter (where judged.state = 'open_in_time') as in_progress_in_time,
    count(*) filter (where judged.state = 'open_overdue') as in_progress_overdue
from judged
inner join {{ ref('int_report_period') }} as period
    on period.period_type = judged.period_type and period.period_start = judged.period_start
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = judged.unit_code
group by 1, 2, 3, 4, 5
