-- One row per unit, item of the ward's plan and period: what the plan asks, and what was done.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
with counted as (
    select
        unit.unit_code,
        period.period_type,
        period.period_start,
        period.ends_on,
        item.item_code,
        item.item_name,
        item.measure,
        item.source,
        -- without a source nothing is known; with it, what was not counted is 0 (the ranking is no source)
        case when came.source is null then counts.things_in else coalesce(counts.things_in, 0) end as numerator,
        case when came.source is null then counts.things else coalesce(counts.things, 0) end as denominator
    from {{ ref('int_unit') }} as unit
    cross join {{ ref('int_period') }} as period
    cross join {{ ref('plan_items') }} as item
    left join {{ ref('int_source_that_came') }} as came on came.source = item.source
    left join {{ ref('int_plan_count') }} as counts
        on
            counts.unit_code = unit.unit_code
            and counts.period_type = period.period_type
            and counts.period_start = period.period_start
            and counts.item_code = item.item_code
    where unit.unit_level is not null
),

measured as (
    select
        *,
        case measure when 'number' then numerator else numerator / nullif(denominator, 0) end as actual
    from counted
),

followed as (
    select
        *,
        lag(actual) over (partition by unit_code, item_code, period_type order by period_start) as previous_actual
    from measured
),

asked as (
    select
        followed.*,
        rule.comparison,
        case followed.item_code when 'rank' then {{ var('target_rank') }} else rule.target end as target
    from followed
    inner join {{ ref('plan_targets') }} as rule
        on rule.item_code = followed.item_code and followed.ends_on between rule.valid_from and rule.valid_to
)

select
    unit_code,
    period_type,
    period_start,
    item_code,
    item_name,
    comparison,
    target,
    actual,
    case comparison
        when 'at_least' then actual >= target
        when 'at_most' then actual <= target
        when 'rising' then actual > greatest(target, previous_actual)
    end as is_met,
    numerator,
    denominator,
    previous_actual,
    source
from asked
