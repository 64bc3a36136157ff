-- One row per unit that has received a dossier, current period and scored indicator (default profile): its counts and
-- score now, and those expected at the period's end.
with expected as (
    select count_.*
    from {{ ref('int_forecast_count') }} as count_
    inner join (
        select distinct tree.ancestor_code as unit_code
        from {{ ref('int_dossier_now') }} as dossier
        inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
    ) as received on received.unit_code = count_.unit_code
),

-- the law's own formula says what one standard deviation of the numerator is in points
lower as (
    select
        unit_code, unit_level, period_type, period_start, ends_on, indicator_code, has_source, denominator,
        greatest(numerator - deviation, 0) as numerator, has_factor, factor_numerator, factor_denominator
    from expected
),

upper as (
    select
        unit_code, unit_level, period_type, period_start, ends_on, indicator_code, has_source, denominator,
        least(numerator + deviation, denominator) as numerator, has_factor, factor_numerator, factor_denominator
    from expected
),

lower_score as ({{ indicator_score('lower') }}),

upper_score as ({{ indicator_score('upper') }}),

expected_score as ({{ indicator_score('expected') }}),

scored as (
    select
        now.*,
        round(expected_score.numerator, 2) as numerator_expected,
        round(expected_score.denominator, 2) as denominator_expected,
        coalesce(now.score, 0) as score_now,
        coalesce(expected_score.score, 0) as score_then,
        (coalesce(upper_score.score, 0) - coalesce(lower_score.score, 0)) / 2 as spread_then,
        -- where nothing is counted yet, nothing may come
        case when now.denominator = 0 then expected.none_probability else 0 end as none_probability
    from {{ ref('int_indicator_score') }} as now
    inner join expected using (unit_code, period_type, period_start, indicator_code)
    inner join expected_score using (profile, unit_code, period_type, period_start, indicator_code)
    inner join lower_score using (profile, unit_code, period_type, period_start, indicator_code)
    inner join upper_score using (profile, unit_code, period_type, period_start, indicator_code)
    where now.profile = '{{ var("default_profile") }}' and now.max_score <> 0
)

select
    unit_code,
    period_type,
    period_start,
    indicator_code,
    numerator as numerator_now,
    denominator as denominator_now,
    numerator_expected,
    denominator_expected,
    score_now,
    (score_then + none_probability * (score_now - score_then))::numeric(6, 2) as score_expected,
    sqrt(
        (1 - none_probability) * spread_then ^ 2
        + none_probability * (1 - none_probability) * (score_now - score_then) ^ 2
    )::numeric(6, 2) as spread,
    max_score,
    {{ moment(as_of()) }} as as_of
from scored
