-- One row per public online service of a unit and period.
-- Decision 766, indicator 3.2: with at least one online dossier in the period.
select
    '3.2' as indicator_code,
    'unit' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    'service' as evidence_kind,
    own.service_code as evidence_key,
    own.procedure_code,
    coalesce(period.number = any(used.period_numbers), false) as in_numerator,
    'not_used' as reason
from {{ ref('int_unit_service') }} as own
cross join {{ ref('int_period') }} as period
left join {{ ref('int_use') }} as used
    on
        used.indicator_code = '3.2'
        and used.unit_code = own.unit_code
        and used.used_code = own.service_code
