-- One row per profile, unit, period and group: the sum of the rounded scores of its indicators.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
select
    profile,
    unit_code,
    period_type,
    period_start,
    group_code,
    coalesce(sum(score), 0)::numeric(6, 2) as score,
    sum(max_score)::numeric(6, 2) as max_score,
    {{ moment(as_of()) }} as as_of
from {{ ref('int_indicator_score') }}
group by profile, unit_code, period_type, period_start, group_code
