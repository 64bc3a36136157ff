-- One row per dossier, newest version, with its state as at A; also dossiers of units that are not in units.
select
    dossier.dossier_code,
    dossier.unit_code,
    dossier.procedure_code,
    coalesce(dossier.channel, 1) as channel,
    dossier.status,
    {{ moment('dossier.received_at') }} as received_at,
    {{ moment('dossier.due_at') }} as due_at,
    {{ moment('today.finished_at') }} as finished_at,
    {{ moment('dossier.returned_at') }} as returned_at,
    coalesce(supplement.requests, 0)::integer as supplement_requests,
    coalesce(supplement.waiting_time, interval '0') as supplement_time,
    coalesce(today.state, 'not_received') as state,
    case
        when today.state in ('open_in_time', 'open_overdue')
            then {{ working_days_left('dossier.due_at::date') }}
    end as working_days_left,
    dossier.is_paid_online as paid_online,
    dossier.has_component_file,
    dossier.reuses_data,
    dossier.from_data_store,
    dossier.has_electronic_result,
    dossier.uses_population_data,
    dossier.is_outside_boundary,
    dossier.status in (7, 8) or (dossier.status = 3 and today.dossier_code is not null) as is_returned,
    dossier.status in (5, 6) as is_suspended,
    rating.rating,
    coalesce(naming.first_sent_at < {{ as_of() }}, false) as has_petition,
    dossier.department,
    dossier.official_key,
    dossier.export_day,
    dossier.load_id
from {{ ref('int_dossier') }} as dossier
left join {{ ref('int_dossier_now') }} as today on today.dossier_code = dossier.dossier_code
-- also of a dossier that was never received
left join (
    select
        request.dossier_code,
        count(*) as requests,
        {{ waiting_time('request', as_of()) }} as waiting_time
    from {{ ref('int_supplement') }} as request
    where request.requested_at < {{ as_of() }}
    group by request.dossier_code
) as supplement on supplement.dossier_code = dossier.dossier_code
left join {{ ref('int_rating') }} as rating
    on
        rating.dossier_code = dossier.dossier_code
        and rating.rated_at < {{ as_of() }}
        and rating.replaced_at >= {{ as_of() }}
left join {{ ref('int_naming_petition') }} as naming on naming.dossier_code = dossier.dossier_code
