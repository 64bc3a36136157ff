-- One row per fee-bearing procedure of a unit and period.
-- Decision 766, indicator 3.5a: with a fee collected on a dossier received in the period.
select
    '3.5a' as indicator_code,
    'unit' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    'procedure' as evidence_kind,
    own.procedure_code as evidence_key,
    own.procedure_code,
    coalesce(period.number = any(used.period_numbers), false) as in_numerator,
    'no_fee_collected' as reason
from {{ ref('int_unit_procedure') }} as own
inner join {{ ref('int_procedure') }} as procedure
    on procedure.procedure_code = own.procedure_code and procedure.is_fee_bearing
cross join {{ ref('int_period') }} as period
left join {{ ref('int_use') }} as used
    on
        used.indicator_code = '3.5a'
        and used.unit_code = own.unit_code
        and used.used_code = own.procedure_code
