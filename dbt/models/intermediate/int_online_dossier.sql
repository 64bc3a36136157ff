-- One row per online dossier: the service it used, and when (3.2).
-- By receive time, or submit time where it was not received; without MaDVC it counts for the first public service, by
-- code, of its procedure.
{{ config(materialized='view') }}
with first_service as (
    select
        procedure_code,
        min(service_code collate "C") as service_code
    from {{ ref('int_public_service') }}
    group by procedure_code
)

select
    dossier.dossier_code,
    dossier.unit_code,
    coalesce(dossier.service_code, first_service.service_code) as service_code,
    coalesce(dossier.received_at, dossier.submitted_at) as used_at
from {{ ref('int_dossier') }} as dossier
left join first_service on first_service.procedure_code = dossier.procedure_code
where dossier.is_online
