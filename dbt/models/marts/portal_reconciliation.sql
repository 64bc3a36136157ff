-- One row per unit, period and indicator: the own figure (default profile) against the published one.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
with own as (
    select
        unit_code,
        period_type,
        period_start,
        indicator_code,
        numerator,
        denominator,
        score,
        status <> 'no_source' as is_known
    from {{ ref('int_indicator_score') }}
    where profile = '{{ var("default_profile") }}'
),

compared as (
    select
        unit_code,
        period_type,
        period_start,
        indicator_code,
        own.numerator as own_numerator,
        portal.numerator as portal_numerator,
        own.denominator as own_denominator,
        portal.denominator as portal_denominator,
        own.score as own_score,
        portal.score as portal_score,
        coalesce(own.is_known, false) as is_own_known,
        portal.pulled_on,
        -- what one of the two does not show cannot differ (4.6 has no counts, the trees of the portal no scores)
        coalesce(own.numerator = portal.numerator, true) as is_numerator_equal,
        coalesce(own.denominator = portal.denominator, true) as is_denominator_equal,
        -- a score that does not exist adds 0
        coalesce(abs(coalesce(own.score, 0) - portal.score), 0) as score_distance
    from own
    full join {{ ref('int_portal_indicator') }} as portal using (unit_code, period_type, period_start, indicator_code)
)

select
    unit_code,
    period_type,
    period_start,
    indicator_code,
    own_numerator,
    portal_numerator,
    own_numerator - portal_numerator as numerator_difference,
    own_denominator,
    portal_denominator,
    own_denominator - portal_denominator as denominator_difference,
    own_score,
    portal_score,
    own_score - portal_score as score_difference,
    case
        when not is_own_known then 'own_missing'
        when pulled_on is null then 'portal_missing'
        when is_numerator_equal and is_denominator_equal and score_distance = 0 then 'equal'
        when is_numerator_equal and is_denominator_equal and score_distance <= 0.01 then 'rounding'
        when not is_denominator_equal then 'population_differs'
        else 'numerator_differs'
    end as explanation,
    pulled_on
from compared
