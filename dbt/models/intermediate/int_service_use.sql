-- One row per unit, period and service with an online dossier in it, the unit's own or of a unit below it.
-- By receive time, or submit time where it was not received; without MaDVC it counts for the first public service, by
-- code, of its procedure.
with first_service as (
    select
        procedure_code,
        min(service_code collate "C") as service_code
    from {{ ref('int_public_service') }}
    group by procedure_code
)

select distinct
    tree.ancestor_code as unit_code,
    period.period_type,
    period.period_start,
    coalesce(dossier.service_code, first_service.service_code) as service_code
from {{ ref('int_dossier') }} as dossier
inner join {{ ref('int_period') }} as period
    on
        coalesce(dossier.received_at, dossier.submitted_at) >= period.starts_at
        and coalesce(dossier.received_at, dossier.submitted_at) < period.seen_at
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
left join first_service on first_service.procedure_code = dossier.procedure_code
where dossier.is_online
