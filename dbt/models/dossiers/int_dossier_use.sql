-- One row per dossier, period and what it uses in it: its procedure (3.5a, 3.5b, 4.5a) or an online service (3.2).
-- A service by receive time, or submit time where the dossier was not received.
{{ config(materialized='view') }}
select
    use.code,
    dossier.unit_code,
    dossier.period_type,
    dossier.period_start,
    dossier.procedure_code as counted_code,
    dossier.dossier_code
from {{ ref('int_dossier_period') }} as dossier
cross join
    lateral (
        values
        ('3.5a', dossier.has_fee_amount),
        ('3.5b', dossier.is_paid_online),
        ('4.5a', dossier.uses_population_data)
    ) as use (code, is_use)
where dossier.is_received_in_period and use.is_use
union all
select
    '3.2' as code,
    dossier.unit_code,
    period.period_type,
    period.period_start,
    dossier.service_code as counted_code,
    dossier.dossier_code
from {{ ref('int_dossier') }} as dossier
inner join {{ ref('int_period') }} as period
    on dossier.happened_at >= period.starts_at and dossier.happened_at < period.seen_at
where dossier.is_online and dossier.service_code is not null
