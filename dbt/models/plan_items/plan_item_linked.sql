-- One row per unit and period: the unit's linked procedures.
-- Plan item linked: those of which a dossier was received in the period.
select
    'linked' as item_code,
    'unit' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    count(*) as things,
    count(received.procedure_code) as things_in
from {{ ref('int_unit_procedure') }} as own
inner join {{ ref('int_procedure') }} as procedure
    on procedure.procedure_code = own.procedure_code and procedure.is_linked
cross join {{ ref('int_period') }} as period
left join {{ ref('int_received_procedure') }} as received
    on
        received.unit_code = own.unit_code
        and received.procedure_code = own.procedure_code
        and received.period_type = period.period_type
        and received.period_start = period.period_start
group by own.unit_code, period.period_type, period.period_start
