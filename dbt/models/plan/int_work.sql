-- One row per unit, current period, kind of work and thing on which it can be done.
{{ config(materialized='view') }}
select
    unit_code,
    period_type,
    period_start,
    action,
    variant,
    effects,
    evidence_kind,
    evidence_key,
    procedure_code
from {{ ref('int_work_on_dossier') }}
union all
select
    unit_code,
    period_type,
    period_start,
    'use_service' as action,
    '' as variant,
    effects,
    evidence_kind,
    evidence_key,
    procedure_code
from {{ ref('int_work_by_new_dossier') }}
{% for code, action in [('1_3', 'complete_procedure'), ('3_1', 'provide_service')] %}
union all
-- what a province does for its procedures; a unit below it only shows the province's figure
select
    thing.unit_code,
    thing.period_type,
    thing.period_start,
    '{{ action }}' as action,
    '' as variant,
    array[thing.indicator_code] as effects,
    thing.evidence_kind,
    thing.evidence_key,
    thing.procedure_code
from {{ ref('indicator_' ~ code) }} as thing
inner join {{ ref('int_current_period') }} using (period_type, period_start)
inner join {{ ref('int_unit') }} as unit on unit.unit_code = thing.unit_code and unit.unit_level = 'province'
where not thing.in_numerator
{% endfor %}
