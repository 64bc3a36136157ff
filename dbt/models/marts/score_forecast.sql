-- One row per unit that has received a dossier and current period: the score now, and the one expected at the period's
-- end (default profile).
{# Of a normal distribution 80 % lies within so many standard deviations: nine of ten times it is not worse. #}
{% set deviations = 1.2816 %}
with family as (
    select
        forecast.*,
        -- indicators that ask about the same things are taken to rise and fall together, the others not to know of each
        -- other
        case
            when forecast.indicator_code in ('2.1', '5.4') then 'late dossiers'
            when forecast.indicator_code in ('5.2', '5.3') then 'late petitions'
            when forecast.indicator_code in ('3.2', '3.5a', '3.5b', '4.5a') then 'used procedures'
            when forecast.indicator_code in ('4.1', '4.2', '4.3', '4.4', '4.5b') then 'digitised dossiers'
            when forecast.indicator_code in ('1.1', '1.2') then 'announcements'
            else 'received dossiers'
        end as family
    from {{ ref('score_forecast_indicator') }} as forecast
),

family_spread as (
    select
        unit_code,
        period_type,
        period_start,
        sum(score_now) as score_now,
        sum(score_expected) as score_expected,
        sum(spread) as spread,
        sum(max_score) as max_score
    from family
    group by unit_code, period_type, period_start, family
),

total as (
    select
        unit_code,
        period_type,
        period_start,
        sum(score_now) as score_now,
        sum(score_expected) as score_expected,
        sqrt(sum(spread ^ 2)) * {{ deviations }} as half_width,
        sum(max_score) as max_score
    from family_spread
    group by unit_code, period_type, period_start
),

counted as (
    select
        unit_code,
        period_type,
        period_start,
        max(numerator_now) filter (where indicator_code = '2.1') as in_time_now,
        max(denominator_now) filter (where indicator_code = '2.1') as dossiers_now,
        max(numerator_expected) filter (where indicator_code = '2.1') as in_time_expected,
        max(denominator_expected) filter (where indicator_code = '2.1') as dossiers_expected,
        max(denominator_now) filter (where indicator_code = '3.3') as received_now,
        max(denominator_expected) filter (where indicator_code = '3.3') as received_expected
    from {{ ref('score_forecast_indicator') }}
    group by unit_code, period_type, period_start
)

select
    total.unit_code,
    total.period_type,
    total.period_start,
    period.ends_on,
    period.days_left as working_days_left,
    total.score_now::numeric(6, 2) as score_now,
    total.score_expected::numeric(6, 2) as expected_score,
    greatest(total.score_expected - total.half_width, 0)::numeric(6, 2) as low_score,
    least(total.score_expected + total.half_width, total.max_score)::numeric(6, 2) as high_score,
    counted.received_now::bigint as received_now,
    round(counted.received_expected)::bigint as received_expected,
    (counted.dossiers_now - counted.in_time_now)::bigint as late_now,
    round(counted.dossiers_expected - counted.in_time_expected)::bigint as late_expected,
    {{ moment(as_of()) }} as as_of
from total
inner join counted using (unit_code, period_type, period_start)
inner join {{ ref('int_current_period') }} as period using (period_type, period_start)
