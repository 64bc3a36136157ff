-- One row per unit that has received a dossier, itself or below it, current period and indicator: the counts expected
-- at the period's end (columns of int_indicator_count), and one standard deviation of the numerator.
with receiving_unit as (
    select distinct tree.ancestor_code as unit_code
    from {{ ref('int_dossier_now') }} as dossier
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
),

now as (
    select
        count_.*,
        coalesce(change.new_things, 0) as new_things,
        coalesce(change.new_in, 0) as new_in,
        coalesce(change.moved_in, 0) as moved_in,
        coalesce(change.moved_variance, 0) as moved_variance,
        coalesce(change.share_variance, 0) as share_variance,
        coalesce(change.things_at_once, 1) as things_at_once,
        -- 1.4 keeps its present proportion to the unit's own count, the denominator of 3.3
        case count_.indicator_code when '1.4' then own.denominator else count_.denominator end as own_denominator
    from {{ ref('int_indicator_count') }} as count_
    inner join {{ ref('int_current_period') }} as period
        on period.period_type = count_.period_type and period.period_start = count_.period_start
    inner join receiving_unit on receiving_unit.unit_code = count_.unit_code
    inner join {{ ref('int_indicator_count') }} as own
        on
            own.unit_code = count_.unit_code
            and own.period_type = count_.period_type
            and own.period_start = count_.period_start
            and own.indicator_code = '3.3'
    left join {{ ref('int_forecast_change') }} as change
        on
            change.unit_code = count_.unit_code
            and change.period_type = count_.period_type
            and change.period_start = count_.period_start
            and change.indicator_code = count_.indicator_code
),

grown as (
    select
        now.*,
        now.numerator + now.new_in + now.moved_in as expected_numerator,
        case
            when now.own_denominator > 0
                then now.denominator * (now.own_denominator + now.new_things) / now.own_denominator
            else greatest(now.denominator, now.new_things)
        end as expected_denominator
    from now
),

expected as (
    select
        grown.*,
        grown.expected_numerator / nullif(grown.expected_denominator, 0) as ratio
    from grown
)

select
    expected.unit_code,
    expected.unit_level,
    expected.period_type,
    expected.period_start,
    expected.ends_on,
    expected.indicator_code,
    expected.has_source,
    expected.expected_numerator as numerator,
    expected.expected_denominator as denominator,
    expected.has_factor,
    factor.expected_numerator as factor_numerator,
    factor.expected_denominator as factor_denominator,
    exp(-expected.new_things / expected.things_at_once) as none_probability,
    -- what comes is Poisson, and moves the ratio by 1 − ratio or by −ratio; below 0 only by rounding
    sqrt(
        greatest(
            expected.moved_variance + expected.share_variance
            + expected.things_at_once * (
                expected.new_in * (1 - expected.ratio) ^ 2
                + (expected.new_things - expected.new_in) * expected.ratio ^ 2
            ),
            0
        )
    ) as deviation
from expected
left join expected as factor
    on
        expected.has_factor
        and factor.indicator_code = '1.4'
        and factor.unit_code = expected.unit_code
        and factor.period_type = expected.period_type
        and factor.period_start = expected.period_start
