-- One row per unit, current period, kind of work and indicators it moves: on how many things it can be done.
-- Counted from sums; int_work lists the things one by one, and says the same.
with by_procedure as (
    select
        work.*,
        lacking.of_payment,
        lacking.of_population,
        -- one of the received dossiers counts for the procedure, too (4.5a): one that counts in 4.5b, if there is any
        row_number() over (
            partition by
                work.unit_code, work.period_type, work.period_start, work.procedure_code, work.action, work.variant
            order by work.effects desc
        ) = 1 as has_first
    from {{ ref('int_work_sum') }} as work
    left join {{ ref('int_lacking_procedure') }} as lacking
        using (unit_code, period_type, period_start, procedure_code)
),

for_procedure as (
    select
        *,
        case
            when action = 'pay_online' then of_payment
            when action = 'use_population_data' and variant = 'received' and has_first then of_population
        end as first_effects
    from by_procedure
),

class as (
    select
        mending.unit_code,
        mending.period_type,
        mending.period_start,
        mending.action,
        mending.variant,
        share.effects,
        share.things
    from for_procedure as mending
    cross join
        lateral (
            values
            (mending.first_effects || mending.effects, (mending.first_effects is not null)::integer),
            (mending.effects, mending.things - (mending.first_effects is not null)::integer)
        ) as share (effects, things)
    union all
    select
        unit_code,
        period_type,
        period_start,
        action,
        variant,
        effects,
        1 as things
    from {{ ref('int_work_on_other') }}
)

select
    unit_code,
    period_type,
    period_start,
    action,
    case when action <> 'use_population_data' then variant else '' end as variant,
    effects,
    sum(things)::bigint as things
from class
where things > 0 and effects <> '{}'
group by 1, 2, 3, 4, 5, 6
