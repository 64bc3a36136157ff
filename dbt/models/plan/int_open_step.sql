-- One row per unit, period, procedure and step in which dossiers received in the period stand at A: how many, how many
-- of them overdue, and for how many seconds already.
select
    today.unit_code,
    period.period_type,
    period.period_start,
    today.procedure_code,
    step.step,
    count(*) as dossiers,
    count(*) filter (where today.state in ('late', 'open_overdue')) as overdue,
    sum(greatest(extract(epoch from {{ as_of() }} - step.begun_at), 0)) as seconds
from {{ ref('int_dossier_now') }} as today
inner join {{ ref('int_period') }} as period
    on today.received_at >= period.starts_at and today.received_at < period.seen_at
left join lateral (
    select min(request.requested_at) as requested_at
    from {{ ref('int_supplement') }} as request
    where
        request.dossier_code = today.dossier_code
        and request.unit_code = today.unit_code
        and today.supplement_requests > 0
        and request.requested_at < {{ as_of() }}
        and coalesce(request.arrived_at >= {{ as_of() }}, true)
) as awaited on true
cross join
    lateral (
        select
            case when awaited.requested_at is not null then 'supplement' else 'handling' end as step,
            coalesce(awaited.requested_at, today.received_at + today.supplement_time) as begun_at
    ) as step
where today.ended_at is null
group by today.unit_code, period.period_type, period.period_start, today.procedure_code, step.step
