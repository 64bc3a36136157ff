-- One row per dossier (2.1, 5.4) or petition (5.2, 5.3) that is open in time, or that was started, due or finished in
-- its unit's window: how it fared, in working days.
{{ config(indexes=[{'columns': ['kind', 'unit_code']}]) }}
with thing as (
    select
        'dossier' as kind,
        unit_code,
        received_at as started_at,
        due_at + supplement_time as due_at,
        finished_at,
        state,
        coalesce(rating = 'khong_hai_long', false) or has_petition as is_displeased
    from {{ ref('int_dossier_now') }}
    where
        state = 'open_in_time'
        or greatest(received_at, due_at + supplement_time, finished_at) >= {{ first_recent_month() }}
    union all
    select
        'petition' as kind,
        today.unit_code,
        petition.clock_start as started_at,
        today.deadline_day + time '23:59:59' as due_at,
        today.closed_at as finished_at,
        today.state,
        today.is_dissatisfied or today.is_repeated as is_displeased
    from {{ ref('int_petition_now') }} as today
    inner join {{ ref('int_petition') }} as petition on petition.petition_code = today.petition_code
),

dated as (
    select
        thing.kind,
        thing.unit_code,
        thing.due_at,
        thing.is_displeased,
        thing.state in ('late', 'open_overdue') as is_late,
        thing.state = 'open_in_time' as is_open_in_time,
        thing.started_at >= recent.first_day as is_started_lately,
        coalesce(thing.due_at >= recent.first_day and thing.due_at < {{ as_of() }}, false) as is_due_lately,
        coalesce(thing.finished_at >= recent.first_day, false) as is_finished_lately,
        due.working_day_number - night.working_day_number as days_to_go,
        -- what is due or finished before it was received took no time
        greatest(due.working_day_number - started.working_day_number, 0) as days_given,
        greatest(finished.working_day_number - started.working_day_number, 0) as days_taken,
        due.working_day_number - finished.working_day_number as days_early
    from thing
    inner join {{ ref('int_forecast_window') }} as recent on recent.unit_code = thing.unit_code
    inner join {{ ref('int_calendar') }} as night on night.day = date '{{ var("as_of_day") }}'
    inner join {{ ref('int_calendar') }} as started on started.day = thing.started_at::date
    left join {{ ref('int_calendar') }} as due on due.day = thing.due_at::date
    left join {{ ref('int_calendar') }} as finished on finished.day = thing.finished_at::date
)

select *
from dated
where is_open_in_time or is_started_lately or is_due_lately or is_finished_lately
