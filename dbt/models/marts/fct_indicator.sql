-- One row per profile, unit, period and indicator.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
select
    profile,
    unit_code,
    period_type,
    period_start,
    indicator_code,
    numerator,
    denominator,
    ratio,
    score,
    max_score,
    status,
    {{ moment(as_of()) }} as as_of
from {{ ref('int_indicator_score') }}
