-- One row per dossier, newest version, with its state as at A; also dossiers of units that are not in units.
-- A view: the days that are left change every night, for every open dossier.
{{ config(materialized='view') }}
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
    coalesce(today.supplement_requests, unreceived.requests, 0)::integer as supplement_requests,
    coalesce(today.supplement_time, unreceived.waiting_time, interval '0') as supplement_time,
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
    coalesce(today.rating, unreceived.rating) as rating,
    coalesce(today.has_petition, unreceived.has_petition) as has_petition,
    dossier.department,
    dossier.official_key,
    dossier.export_day,
    dossier.load_id
from {{ ref('int_dossier') }} as dossier
left join {{ ref('int_dossier_now') }} as today
    on today.dossier_code = dossier.dossier_code and today.unit_code = dossier.unit_code
-- what int_dossier_now would say, of a dossier that was not received
left join lateral (
    select
        (
            select rating.rating
            from {{ ref('int_rating') }} as rating
            where
                rating.dossier_code = dossier.dossier_code
                and rating.unit_code = dossier.unit_code
                and rating.rated_at < {{ as_of() }}
                and rating.replaced_at >= {{ as_of() }}
        ) as rating,
        exists(
            select from {{ ref('int_naming_petition') }} as naming
            where
                naming.dossier_code = dossier.dossier_code
                and naming.unit_code = dossier.unit_code
                and naming.first_sent_at < {{ as_of() }}
        ) as has_petition,
        count(*) as requests,
        {{ waiting_time('request', as_of()) }} as waiting_time
    from {{ ref('int_supplement') }} as request
    where
        request.dossier_code = dossier.dossier_code
        and request.unit_code = dossier.unit_code
        and request.requested_at < {{ as_of() }}
) as unreceived on today.dossier_code is null
