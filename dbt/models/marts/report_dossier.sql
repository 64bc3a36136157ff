-- One row per unit, report period and dossier of form II.06a, of the unit or of one below it: the dossiers behind the
-- reports. A view: ask for a unit and a period.
{{ config(materialized='view') }}
select
    tree.ancestor_code as unit_code,
    dossier.period_type,
    dossier.period_start,
    dossier.dossier_code,
    dossier.unit_code as receiving_unit_code,
    dossier.procedure_code,
    coalesce(field.field_code, '') as field_code,
    dossier.inflow,
    dossier.outcome,
    dossier.cause,
    {{ moment('dossier.received_at') }} as received_at,
    {{ moment('dossier.due_at') }} as due_at,
    {{ moment('dossier.finished_at') }} as finished_at,
    case
        when dossier.cause is not null then (
            -- sent back again, it is overdue before it is due
            select greatest(until.working_day_number - due.working_day_number, 0)
            from {{ ref('int_calendar') }} as due
            -- a moment before, because T is the midnight after the last day
            inner join {{ ref('int_calendar') }} as until
                on until.day = (dossier.judged_at - interval '1 second')::date
            where due.day = dossier.due_at::date
        )
    end as working_days_late,
    coalesce(dossier.supplement_requests, 0)::integer as supplement_requests
from (
    {{ report_dossiers(
        ref('int_report_period'), ref('int_dossier'), ref('int_supplement'), only_changed_ones=false
    ) }}
) as dossier
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
left join {{ ref('int_report_field') }} as field on field.procedure_code = dossier.procedure_code
