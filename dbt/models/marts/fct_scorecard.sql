-- One row per profile, unit and period: the sum of the groups, and its rating.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
with total as (
    select
        profile,
        unit_code,
        period_type,
        period_start,
        sum(score) as total_score,
        sum(max_score) as max_score
    from {{ ref('fct_group_score') }}
    group by profile, unit_code, period_type, period_start
),

measured as (
    select
        profile,
        unit_code,
        period_type,
        period_start,
        count(*) filter (where status = 'scored') as measured_indicators,
        count(*) filter (where status <> 'not_applicable') as expected_indicators
    from {{ ref('int_indicator_score') }}
    where max_score <> 0
    group by profile, unit_code, period_type, period_start
)

select
    total.profile,
    total.unit_code,
    total.period_type,
    total.period_start,
    total.total_score::numeric(6, 2) as total_score,
    total.max_score::numeric(6, 2) as max_score,
    (
        select law.rating
        from {{ ref('ratings') }} as law
        where period.ends_on between law.valid_from and law.valid_to and total.total_score >= law.min_score
        order by law.min_score desc
        limit 1
    ) as rating,
    measured.measured_indicators::integer as measured_indicators,
    measured.expected_indicators::integer as expected_indicators,
    {{ moment(as_of()) }} as as_of
from total
inner join measured using (profile, unit_code, period_type, period_start)
inner join {{ ref('int_period') }} as period using (period_type, period_start)
