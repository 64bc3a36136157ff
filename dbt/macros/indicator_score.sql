{# The score that counts earn: one row per row of `counts` (columns of int_indicator_count) and profile.
   Clause: Scoring. Every number comes from the rule in force on the period's last day; none stands here. #}
{% macro indicator_score(counts) %}
with ruled as (
    select
        rule.profile,
        counted.unit_code,
        counted.period_type,
        counted.period_start,
        counted.indicator_code,
        counted.has_source,
        indicator.group_code,
        indicator.ratio_unit,
        rule.scoring,
        rule.max_score,
        rule.target_ratio,
        rule.zero_denominator,
        case when rule.scoring <> 'constant' then counted.numerator end as numerator,
        case when rule.scoring <> 'constant' then counted.denominator end as denominator,
        -- The factor is at most 1, and 0 where its own ratio does not exist.
        case
            when not counted.has_factor then 1
            when counted.factor_denominator > 0
                then least(counted.factor_numerator, counted.factor_denominator)
            else 0
        end as factor_numerator,
        case when counted.factor_denominator > 0 then counted.factor_denominator else 1 end as factor_denominator
    from {{ counts }} as counted
    inner join {{ ref('indicators') }} as indicator
        on counted.indicator_code = indicator.indicator_code
    inner join {{ ref('scoring_rules') }} as rule
        on
            counted.indicator_code = rule.indicator_code
            and counted.unit_level = rule.unit_level
            and counted.ends_on between rule.valid_from and rule.valid_to
),

judged as (
    select
        *,
        case
            when not has_source then 'no_source'
            when scoring in ('not_applicable', 'unscored') then scoring
            when scoring = 'constant' or denominator > 0 then 'scored'
            else 'no_denominator'
        end as status,
        numerator * factor_numerator / nullif(denominator * factor_denominator, 0) as ratio,
        -- Multiplied out before the one division, so that an exact half stays one and rounds up.
        max_score * numerator * factor_numerator
        / nullif(denominator * factor_denominator * target_ratio, 0) as points
    from ruled
)

select
    profile,
    unit_code,
    period_type,
    period_start,
    indicator_code,
    group_code,
    numerator,
    denominator,
    case when ratio_unit = 'share' and ratio > 1 then 1 else ratio end as ratio,
    case status
        when 'not_applicable' then 0
        when 'no_denominator' then case zero_denominator when 'zero' then 0 when 'full' then max_score end
        when 'scored' then case scoring when 'constant' then max_score else round(least(max_score, points), 2) end
    end::numeric(6, 2) as score,
    max_score,
    status
from judged
{% endmacro %}
