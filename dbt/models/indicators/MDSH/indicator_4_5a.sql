-- One row per procedure for citizens of a unit and period.
-- Decision 766, indicator 4.5a: with a dossier received in the period that uses a verified account or population data.
select
    '4.5a' as indicator_code,
    'unit' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    'procedure' as evidence_kind,
    own.procedure_code as evidence_key,
    own.procedure_code,
    coalesce(period.number = any(used.period_numbers), false) as in_numerator,
    'no_population_data' as reason
from {{ ref('int_unit_procedure') }} as own
inner join {{ ref('int_procedure') }} as procedure
    on procedure.procedure_code = own.procedure_code and procedure.for_citizens
cross join {{ ref('int_period') }} as period
left join {{ ref('int_use') }} as used
    on
        used.indicator_code = '4.5a'
        and used.unit_code = own.unit_code
        and used.used_code = own.procedure_code
