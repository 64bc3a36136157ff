-- One row per procedure of a unit and period.
-- Decision 766, indicator 3.1: provided with a public online service that applies to the unit.
select
    '3.1' as indicator_code,
    'unit' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    'procedure' as evidence_kind,
    own.procedure_code as evidence_key,
    own.procedure_code,
    own.has_service as in_numerator,
    'no_online_service' as reason
from {{ ref('int_unit_procedure') }} as own
cross join {{ ref('int_period') }} as period
