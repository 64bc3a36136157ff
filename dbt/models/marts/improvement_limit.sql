-- One row per unit, current period and scored indicator with things that no work can bring back: number and points.
with possible as (
    select
        class.unit_code,
        class.period_type,
        class.period_start,
        effect.indicator_code,
        sum(class.things) as things
    from {{ ref('int_work_class') }} as class
    cross join lateral unnest(class.effects) as effect (indicator_code)
    group by class.unit_code, class.period_type, class.period_start, effect.indicator_code
),

missing as (
    select
        total.unit_code,
        total.period_type,
        total.period_start,
        total.indicator_code,
        total.things - total.things_in as things
    from {{ ref('int_indicator_total') }} as total
    inner join {{ ref('int_current_period') }} using (period_type, period_start)
),

lost as (
    select
        unit_code,
        period_type,
        period_start,
        indicator_code,
        missing.things - coalesce(possible.things, 0) as things,
        case
            when indicator_code in ('1.1', '1.2', '1.3') and unit.unit_level <> 'province' then 'of_province'
            when indicator_code = '3.3' then 'not_online'
            when indicator_code in ('3.2', '3.5a', '3.5b', '4.5a') then 'period_over'
            when indicator_code in ('5.3', '5.4') then 'late_or_dissatisfied'
            else 'late'
        end as reason
    from missing
    inner join {{ ref('int_unit') }} as unit using (unit_code)
    left join possible using (unit_code, period_type, period_start, indicator_code)
)

select
    lost.unit_code,
    lost.period_type,
    lost.period_start,
    lost.indicator_code,
    lost.reason,
    reasons.reason_name,
    lost.things::bigint as things,
    round(lost.things * worth.points_each, 6) as points
from lost
inner join {{ ref('int_lost_points') }} as worth using (unit_code, period_type, period_start, indicator_code)
inner join {{ ref('int_indicator_score') }} as score using (unit_code, period_type, period_start, indicator_code)
inner join {{ ref('limit_reasons') }} as reasons using (reason)
where
    lost.things > 0
    and worth.points_each > 0
    and score.profile = '{{ var("default_profile") }}'
    and score.status = 'scored'
