-- One row per petition, newest version, with its state as at A; also petitions of units that are not in units.
select
    petition.petition_code,
    petition.unit_code,
    petition.category,
    {{ moment('petition.clock_start') }} as clock_start,
    {{ moment('petition.supplement_requested_at') }} as supplement_requested_at,
    {{ moment('petition.refused_at') }} as refused_at,
    {{ moment('petition.answered_at') }} as answered_at,
    {{ moment('petition.published_at') }} as published_at,
    today.deadline_day,
    today.state,
    case
        when today.state in ('open_in_time', 'open_overdue') then {{ working_days_left('today.deadline_day') }}
    end as working_days_left,
    petition.dislikes > petition.likes as is_dissatisfied,
    petition.dossier_code,
    petition.export_day,
    petition.load_id
from {{ ref('int_petition') }} as petition
left join {{ ref('int_petition_now') }} as today on today.petition_code = petition.petition_code
