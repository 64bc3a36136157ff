-- One row per indicator, unit, period and counted thing; every indicator but 4.6.
{{ config(materialized='view') }}
select
    thing.indicator_code,
    shown.unit_code,
    thing.period_type,
    thing.period_start,
    thing.evidence_kind,
    thing.evidence_key,
    thing.procedure_code,
    thing.in_numerator,
    thing.reason,
    case when thing.in_numerator then 0 else lost.points_each end as points_lost
from {{ ref('int_indicator_thing') }} as thing
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = thing.scope and shown.counted_unit_code = thing.unit_code
inner join {{ ref('int_lost_points') }} as lost
    on
        lost.unit_code = shown.unit_code
        and lost.period_type = thing.period_type
        and lost.period_start = thing.period_start
        and lost.indicator_code = thing.indicator_code
where thing.evidence_kind <> 'unit'
