-- One row per open dossier of a known unit, as at A: what it lacks, what it decides, and its place in the day's work.
{{ config(indexes=[{'columns': ['unit_code', 'place']}]) }}
with dossier as (
    select
        open.dossier_code,
        known.unit_code,
        known.procedure_code,
        known.department,
        known.official_key,
        {{ moment('known.due_at') }} as due_at,
        {{ working_days_left('known.due_at::date') }} as working_days_left
    from {{ ref('int_dossier_now') }} as open
    inner join {{ ref('int_dossier') }} as known
        on known.dossier_code = open.dossier_code and known.unit_code = open.unit_code
    where open.state in ('open_in_time', 'open_overdue')
)

select
    dossier.dossier_code,
    dossier.unit_code,
    dossier.procedure_code,
    dossier.department,
    dossier.official_key,
    dossier.due_at,
    dossier.working_days_left,
    {{ urgency('dossier.due_at') }} as urgency,
    coalesce(points.missing, '{}') as missing,
    coalesce(points.points_at_stake, 0) as points_at_stake,
    coalesce(points.points_in_month, 0) as points_in_month,
    coalesce(points.points_in_quarter, 0) as points_in_quarter,
    coalesce(points.points_in_year, 0) as points_in_year,
    coalesce(points.points_at_risk, 0) as points_at_risk,
    {{ place_in_work('dossier.due_at', 'dossier.dossier_code') }} as place
from dossier
inner join {{ ref('int_unit') }} as unit on unit.unit_code = dossier.unit_code
left join {{ ref('int_open_thing_points') }} as points
    on points.evidence_kind = 'dossier' and points.evidence_key = dossier.dossier_code
