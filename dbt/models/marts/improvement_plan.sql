-- One row per unit, current period and step of the cheapest way to the target place.
-- Made empty here; improvement.py fills it in the same build, for it takes an integer program.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
select
    null::text as unit_code,
    null::text as period_type,
    null::date as period_start,
    null::integer as step,
    null::text as indicator_code,
    null::text as action,
    null::bigint as units_of_work,
    null::numeric(6, 2) as points_gained,
    null::numeric(6, 2) as cumulative_score,
    null::integer as cumulative_rank,
    null::text as evidence_link,
    null::text[] as effects,
    null::text as action_name
where false
