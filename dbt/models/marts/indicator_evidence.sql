-- One row per indicator, unit, period and counted thing; every indicator but 4.6.
-- The joins stand in each branch: behind a union the planner would know no statistics of what it joins.
{{ config(materialized='view') }}
{% for code in dossier_indicators() + other_indicators() if code != '4_6' %}
select
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
