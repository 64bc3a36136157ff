-- One row per indicator, unit, period and counted thing; every indicator but 4.6.
-- The joins stand in each branch: behind a union the planner would know no statistics of what it joins. Every branch
-- says whose thing it is, so that Citus can ask all of them where that unit's rows are (dbt/macros/citus.sql).
{{ config(materialized='view') }}
select
    indicator_code,
    unit_code,
    period_type,
    period_start,
    evidence_kind,
    evidence_key,
    procedure_code,
    in_numerator,
    reason,
    points_lost
from (
    {% for code in dossier_indicators() + other_indicators() if code != '4_6' %}
    select
        shown.counted_unit_code,
        thing.indicator_code,
        shown.unit_code,
        thing.period_type,
        thing.period_start,
        thing.evidence_kind,
        thing.evidence_key,
        thing.procedure_code,
        thing.in_numerator,
        case when not thing.in_numerator then thing.reason end as reason,
        case when thing.in_numerator then 0 else lost.points_each end as points_lost
    from {{ ref('indicator_' ~ code) }} as thing
    inner join {{ ref('int_shown_for') }} as shown
        on shown.scope = thing.scope and shown.counted_unit_code = thing.unit_code
    inner join {{ ref('int_lost_points') }} as lost
        on
            lost.unit_code = shown.unit_code
            and lost.period_type = thing.period_type
            and lost.period_start = thing.period_start
            and lost.indicator_code = thing.indicator_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
) as evidence
