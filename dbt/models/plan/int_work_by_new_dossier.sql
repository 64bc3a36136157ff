-- One row per unit, current period that is not over, and service (or procedure) for which a new dossier is worth
-- getting: online, with its fee paid online and the applicant's account verified.
-- What a procedure lacks and a dossier that is here can give is not asked of a new one.
{{ config(materialized='view') }}
with given as (
    select
        unit_code,
        period_type,
        period_start,
        procedure_code,
        bool_or(action = 'pay_online') as gives_payment,
        bool_or(action = 'use_population_data' and variant = 'received') as gives_population
    from {{ ref('int_work_sum') }}
    group by unit_code, period_type, period_start, procedure_code
),

lacking as (
    select
        lacking.unit_code,
        lacking.period_type,
        lacking.period_start,
        lacking.procedure_code,
        case when not coalesce(given.gives_payment, false) then lacking.of_payment end
        || case when not coalesce(given.gives_population, false) then lacking.of_population end as effects
    from {{ ref('int_lacking_procedure') }} as lacking
    left join given using (unit_code, period_type, period_start, procedure_code)
),

unused as (
    select
        service.unit_code,
        service.period_type,
        service.period_start,
        service.procedure_code,
        service.evidence_key as service_code,
        row_number() over (
            partition by service.unit_code, service.period_type, service.period_start, service.procedure_code
            order by service.evidence_key
        ) as number
    from {{ ref('indicator_3_2') }} as service
    inner join {{ ref('int_current_period') }} using (period_type, period_start)
    where not service.in_numerator
),

work as (
    select
        coalesce(unused.unit_code, lacking.unit_code) as unit_code,
        coalesce(unused.period_type, lacking.period_type) as period_type,
        coalesce(unused.period_start, lacking.period_start) as period_start,
        case when unused.service_code is not null then array['3.2'] end || lacking.effects as effects,
        case when unused.service_code is null then 'procedure' else 'service' end as evidence_kind,
        coalesce(unused.service_code, lacking.procedure_code) as evidence_key,
        coalesce(unused.procedure_code, lacking.procedure_code) as procedure_code
    from unused
    full join lacking
        on
            lacking.unit_code = unused.unit_code
            and lacking.period_type = unused.period_type
            and lacking.period_start = unused.period_start
            and lacking.procedure_code = unused.procedure_code
            and unused.number = 1
)

select work.*
from work
inner join {{ ref('int_current_period') }} as period using (period_type, period_start)
where work.effects is not null and not period.is_over
