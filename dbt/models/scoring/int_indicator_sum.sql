-- One row per indicator, unit, period and procedure (none for petitions) with something to count: how many things, how
-- many in the numerator.
with counted as (
    select
        indicator_code,
        scope,
        unit_code,
        period_type,
        period_start,
        procedure_code,
        count(*) as things,
        count(*) filter (where in_numerator) as things_in,
        sum(hours) as hours
    from {{ ref('int_indicator_thing') }}
    group by indicator_code, scope, unit_code, period_type, period_start, procedure_code
)

select
    counted.indicator_code,
    shown.unit_code,
    counted.period_type,
    counted.period_start,
    counted.procedure_code,
    sum(counted.things) as things,
    sum(counted.things_in) as things_in,
    sum(counted.hours) as hours
from counted
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = counted.scope and shown.counted_unit_code = counted.unit_code
group by counted.indicator_code, shown.unit_code, counted.period_type, counted.period_start, counted.procedure_code
