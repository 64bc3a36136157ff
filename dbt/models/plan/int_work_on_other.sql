-- One row per unit, current period, kind of work and thing on which it can be done, where that is no dossier at hand
-- that lacks something: supplements that are awaited, new dossiers, and what provinces do for procedures.
{{ config(materialized='view') }}
-- sent back a second time a dossier is overdue until the supplement is here; then the waiting is not its own
select
    tree.ancestor_code as unit_code,
    dossier.period_type,
    dossier.period_start,
    'take_in_supplement' as action,
    '' as variant,
    case
        when coalesce(dossier.rating, '') <> 'khong_hai_long' and not dossier.has_petition then array['2.1', '5.4']
        else array['2.1']
    end as effects,
    'dossier' as evidence_kind,
    dossier.dossier_code as evidence_key,
    dossier.procedure_code
from {{ ref('int_awaited_supplement') }} as awaited
inner join {{ ref('int_dossier_period') }} as dossier
    on dossier.dossier_code = awaited.dossier_code and dossier.unit_code = awaited.unit_code
inner join {{ ref('int_current_period') }} as period
    on period.period_type = dossier.period_type and period.period_start = dossier.period_start
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
where dossier.is_counted and awaited.would_be_in_time and not period.is_over
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
