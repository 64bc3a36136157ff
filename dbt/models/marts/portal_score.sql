-- One row per unit, period, code of the portal and day pulled: what the portal published.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
select
    unit_code,
    unit_name,
    unit_level,
    period_type,
    period_start,
    portal_code,
    numerator,
    denominator,
    ratio,
    {{ shown_score('score') }} as score,
    {{ shown_score('max_score') }} as max_score,
    pulled_on
from {{ ref('stg_portal_scores') }}
