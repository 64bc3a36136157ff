-- One row per kind of thing (dossier, petition), unit and current period: how many more will come by the period's end,
-- and which shares of them will then be finished, late and displeasing.
-- They come evenly on the days that are left. One that comes with n days to go is late at the end if it is of the late
-- share and was given at most n days; the mean over n is the number of days beyond the term, by the days left.
with recent as (
    select
        thing.kind,
        thing.unit_code,
        period.period_type,
        period.period_start,
        period.days_left,
        count(*) filter (where thing.is_started_lately) as started,
        count(*) filter (where thing.is_due_lately) as due,
        count(*) filter (where thing.is_due_lately and thing.is_late) as late,
        avg(greatest(period.days_left - thing.days_taken, 0)) filter (where thing.is_finished_lately)
            as finished_days,
        avg(greatest(period.days_left - thing.days_given, 0)) filter (where thing.is_due_lately and thing.is_late)
            as late_days,
        avg(greatest(period.days_left - thing.days_given, 0)) filter (where thing.is_due_lately) as due_days,
        count(*) filter (where thing.is_finished_lately and not thing.is_late) as finished_in_time,
        count(*) filter (where thing.is_finished_lately and not thing.is_late and thing.is_displeased) as displeased
    from {{ ref('int_forecast_thing') }} as thing
    cross join {{ ref('int_current_period') }} as period
    group by thing.kind, thing.unit_code, period.period_type, period.period_start, period.days_left
)

select
    recent.kind,
    recent.unit_code,
    recent.period_type,
    recent.period_start,
    recent.started::numeric / recent_days.days * recent.days_left as things,
    coalesce(recent.finished_days / nullif(recent.days_left, 0), 0) as finished_share,
    coalesce(
        {{ likely_share('recent.late', 'recent.due') }}
        * coalesce(recent.late_days, recent.due_days) / nullif(recent.days_left, 0),
        0
    ) as late_share,
    {{ likely_share('recent.displeased', 'recent.finished_in_time') }} as displeased_share,
    recent.due + 1 as seen_things
from recent
inner join {{ ref('int_forecast_window') }} as recent_days on recent_days.unit_code = recent.unit_code
