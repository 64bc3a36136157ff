-- One row per procedure of a province, as of A, whatever the period; every unit below shows it.
-- Decision 766, indicator 1.3: published with all seven components of Decree 63/2010, Article 8(2).
select
    '1.3' as indicator_code,
    'province' as scope,
    own.unit_code,
    period.period_type,
    period.period_start,
    'procedure' as evidence_kind,
    own.procedure_code as evidence_key,
    own.procedure_code,
    procedure.is_complete as in_numerator,
    'incomplete' as reason
from {{ ref('int_unit_procedure') }} as own
inner join {{ ref('int_unit') }} as unit on unit.unit_code = own.unit_code and unit.unit_level = 'province'
inner join {{ ref('int_procedure') }} as procedure on procedure.procedure_code = own.procedure_code
cross join {{ ref('int_period') }} as period
