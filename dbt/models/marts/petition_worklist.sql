-- One row per open petition of a known unit, as at A: its deadline, what it decides, and its place in the day's work.
{{ config(indexes=[{'columns': ['unit_code', 'place']}]) }}
select
    petition.petition_code,
    petition.unit_code,
    petition.category,
    petition.deadline_day,
    petition.working_days_left,
    coalesce(points.points_at_stake, 0) as points_at_stake,
    {{ urgency(last_second('petition.deadline_day')) }} as urgency,
    coalesce(points.points_in_month, 0) as points_in_month,
    coalesce(points.points_in_quarter, 0) as points_in_quarter,
    coalesce(points.points_in_year, 0) as points_in_year,
    coalesce(points.points_at_risk, 0) as points_at_risk,
    {{ place_in_work(last_second('petition.deadline_day'), 'petition.petition_code') }} as place
from {{ ref('fct_petition') }} as petition
inner join {{ ref('int_unit') }} as unit on unit.unit_code = petition.unit_code
left join {{ ref('int_open_thing_points') }} as points
    on points.evidence_kind = 'petition' and points.evidence_key = petition.petition_code
where petition.state in ('open_in_time', 'open_overdue')
