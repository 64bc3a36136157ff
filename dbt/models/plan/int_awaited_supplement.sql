-- One row per dossier that is overdue only because a second supplement is awaited: whether it would be in time at A if
-- the supplement came now.
select
    today.dossier_code,
    today.unit_code,
    coalesce(
        {{ as_of() }} - today.supplement_time - sum({{ as_of() }} - request.requested_at) <= today.due_at, true
    ) as would_be_in_time
from {{ ref('int_dossier_now') }} as today
inner join {{ ref('int_supplement') }} as request
    on
        request.dossier_code = today.dossier_code
        and request.unit_code = today.unit_code
        and request.requested_at < {{ as_of() }}
        and coalesce(request.arrived_at >= {{ as_of() }}, true)
where today.state = 'open_overdue' and today.supplement_requests > 1
group by today.dossier_code, today.unit_code, today.supplement_time, today.due_at
