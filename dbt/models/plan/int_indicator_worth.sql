-- One row per unit, current period and scored indicator (default profile): the points, before rounding, that one more
-- thing in the numerator brings and one less costs.
-- Before rounding, because a single dossier of a large unit would otherwise be worth nothing.
with counted as (
    select
        counted.*,
        rule.max_score,
        rule.max_score / nullif(counted.denominator * rule.target_ratio, 0) as points_each,
        case
            when not counted.has_factor then 1
            else coalesce(
                least(counted.factor_numerator, counted.factor_denominator)
                / nullif(counted.factor_denominator, 0),
                0
            )
        end as factor,
        case
            when counted.has_factor
                then coalesce(
                    least(counted.factor_numerator + 1, counted.factor_denominator)
                    / nullif(counted.factor_denominator, 0),
                    0
                )
        end as next_factor
    from {{ ref('int_indicator_count') }} as counted
    inner join {{ ref('int_current_period') }} using (period_type, period_start)
    inner join {{ ref('scoring_rules') }} as rule
        on
            rule.profile = '{{ var("default_profile") }}'
            and rule.scoring = 'ratio'
            and rule.indicator_code = counted.indicator_code
            and rule.unit_level = counted.unit_level
            and counted.ends_on between rule.valid_from and rule.valid_to
    where counted.has_source
),

worth as (
    select
        unit_code,
        period_type,
        period_start,
        indicator_code,
        {{ points_of('numerator + 1', 'factor') }} - {{ points_of('numerator', 'factor') }} as gain,
        {{ points_of('numerator', 'factor') }} - {{ points_of('numerator - 1', 'factor') }} as loss,
        -- of 3.3: what one more in 1.4 brings to it, and what one more of its own brings beside that
        {{ points_of('numerator', 'next_factor') }} - {{ points_of('numerator', 'factor') }} as gain_by_factor,
        {{ points_of('numerator + 1', 'next_factor') }} - {{ points_of('numerator', 'next_factor') }}
            as gain_beside_factor
    from counted
)

select
    unit_code,
    period_type,
    period_start,
    indicator_code,
    coalesce(gain, 0) + case
        when indicator_code = '1.4'
            then coalesce(sum(gain_by_factor) over (partition by unit_code, period_type, period_start), 0)
        else 0
    end as gain,
    coalesce(loss, 0) as loss,
    -- what the synchronisation itself brings to 3.3 stands with 1.4
    coalesce(gain_beside_factor, 0) as gain_beside_factor
from worth
