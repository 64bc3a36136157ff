-- One row per indicator, period and thing that it counts, for the unit that the thing was counted for (scope: see
-- int_shown_for).
{% for code in indicator_models() %}
select
    indicator_code,
    scope,
    unit_code,
    period_type,
    period_start,
    evidence_kind,
    evidence_key,
    procedure_code,
    in_numerator,
    case when not in_numerator then reason end as reason,
    {{ 'hours' if code == '2_2' else 'null::numeric' }} as hours
from {{ ref('indicator_' ~ code) }}
{{ 'union all' if not loop.last }}
{% endfor %}
