-- One row per unit, period and indicator (default profile): the points that each thing outside the numerator costs.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
select
    score.unit_code,
    score.period_type,
    score.period_start,
    score.indicator_code,
    (score.max_score - coalesce(score.score, 0)) / nullif(total.things - total.things_in, 0) as points_each
from {{ ref('int_indicator_score') }} as score
inner join {{ ref('int_indicator_total') }} as total using (unit_code, period_type, period_start, indicator_code)
where score.profile = '{{ var("default_profile") }}'
