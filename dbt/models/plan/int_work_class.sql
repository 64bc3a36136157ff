-- One row per unit, current period, kind of work and indicators it moves: on how many things it can be done.
select
    unit_code,
    period_type,
    period_start,
    action,
    variant,
    effects,
    count(*) as things
from {{ ref('int_work') }}
group by unit_code, period_type, period_start, action, variant, effects
