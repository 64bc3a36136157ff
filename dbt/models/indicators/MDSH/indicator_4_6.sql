-- One row per commune or agency and period, and once more for its province if it is a commune.
-- Decision 766, indicator 4.6: provides electronic certified copies; a profile may score it as a constant (seed
-- scoring_rules).
select
    '4.6' as indicator_code,
    'unit' as scope,
    shown.unit_code,
    period.period_type,
    period.period_start,
    'unit' as evidence_kind,
    unit.unit_code as evidence_key,
    null::text as procedure_code,
    unit.certifies_copies as in_numerator,
    'no_certified_copies' as reason
from {{ ref('int_unit') }} as unit
inner join lateral (
    values (unit.unit_code), (case when unit.unit_level = 'commune' then unit.province_code end)
) as shown (unit_code) on shown.unit_code is not null
cross join {{ ref('int_period') }} as period
where unit.unit_level in ('commune', 'agency')
