-- One row per unit that has received a dossier, current period and scored indicator (default profile): its counts and
-- score now, and those expected at the period's end.
-- The law's own formula says what one standard deviation of the numerator is in points.
with lower_count as (
    select
        unit_code, unit_level, period_type, period_start, ends_on, indicator_code, has_source, denominator,
        greatest(numerator - deviation, 0) as numerator, has_factor, factor_numerator, factor_denominator
    from {{ ref('int_forecast_count') }}
),

upper_count as (
    select
        unit_code, unit_level, period_type, period_start, ends_on, indicator_code, has_source, denominator,
        least(numerator + deviation, denominator) as numerator, has_factor, factor_numerator, factor_denominator
    from {{ ref('int_forecast_count') }}
),

-- put together and not joined: PostgreSQL does not know how many rows a formula makes, and would join row by row
score as (
    select 'now' as seen, now.* from {{ ref('int_indicator_score') }} as now
    union all
    select 'expected' as seen, expected.* from ({{ indicator_score(ref('int_forecast_count')) }}) as expected
    union all
    select 'lower' as seen, lower.* from ({{ indicator_score('lower_count') }}) as lower
    union all
    select 'upper' as seen, upper.* from ({{ indicator_score('upper_count') }}) as upper
),

compared as (
    select
        unit_code,
        period_type,
        period_start,
        indicator_code,
        max(max_score) as max_score,
        max(numerator) filter (where seen = 'now') as numerator_now,
        max(denominator) filter (where seen = 'now') as denominator_now,
        max(numerator) filter (where seen = 'expected') as numerator_expected,
        max(denominator) filter (where seen = 'expected') as denominator_expected,
        coalesce(max(score) filter (where seen = 'now'), 0) as score_now,
        coalesce(max(score) filter (where seen = 'expected'), 0) as score_then,
        (
            coalesce(max(score) filter (where seen = 'upper'), 0)
            - coalesce(max(score) filter (where seen = 'lower'), 0)
        ) / 2 as spread_then
    from score
    where profile = '{{ var("default_profile") }}' and max_score <> 0
    group by unit_code, period_type, period_start, indicator_code
),

forecast as (
    select
        compared.*,
        -- where nothing is counted yet, nothing may come
        case when compared.denominator_now = 0 then count_.none_probability else 0 end as none_probability
    from compared
    inner join {{ ref('int_forecast_count') }} as count_ using (unit_code, period_type, period_start, indicator_code)
)

select
    unit_code,
    period_type,
    period_start,
    indicator_code,
    numerator_now,
    denominator_now,
    round(numerator_expected, 2) as numerator_expected,
    round(denominator_expected, 2) as denominator_expected,
    score_now,
    (score_then + none_probability * (score_now - score_then))::numeric(6, 2) as score_expected,
    sqrt(
        (1 - none_probability) * spread_then ^ 2
        + none_probability * (1 - none_probability) * (score_now - score_then) ^ 2
    )::numeric(6, 2) as spread,
    max_score,
    {{ moment(as_of()) }} as as_of
from forecast
