-- One row per kind of thing (dossier, petition), unit and current period: the things open in time that fall due before
-- its end, and how many of them are expected to be late then.
-- The share that becomes late is that of the recent things that were still open as many days before their due day:
-- what is open on its last day is late more often than what came in today.
{# Beyond two weeks before the due day it hardly changes, and the things are few. #}
{% set most_days_to_go = 10 %}
with usual as (
    select
        kind,
        unit_code,
        {{ likely_share('count(*) filter (where is_late)', 'count(*)') }} as late_share
    from {{ ref('int_forecast_thing') }}
    where is_due_lately
    group by kind, unit_code
),

still_open as (
    select
        thing.kind,
        thing.unit_code,
        before.days_to_go,
        count(*) as things,
        count(*) filter (where thing.is_late) as late
    from {{ ref('int_forecast_thing') }} as thing
    inner join generate_series(1, {{ most_days_to_go }}) as before (days_to_go)
        on
            before.days_to_go <= thing.days_given
            and (thing.is_late or before.days_to_go > thing.days_early)
    where thing.is_due_lately
    group by thing.kind, thing.unit_code, before.days_to_go
),

open_thing as (
    select
        thing.kind,
        thing.unit_code,
        thing.due_at,
        -- one thing of the usual share more: where few were open that long, the usual share decides
        (coalesce(still_open.late, 0) + coalesce(usual.late_share, 0)) / (coalesce(still_open.things, 0) + 1.0)
            as late_share
    from {{ ref('int_forecast_thing') }} as thing
    left join usual on usual.kind = thing.kind and usual.unit_code = thing.unit_code
    left join still_open
        on
            still_open.kind = thing.kind
            and still_open.unit_code = thing.unit_code
            and still_open.days_to_go = least(greatest(thing.days_to_go, 1), {{ most_days_to_go }})
    where thing.is_open_in_time
)

select
    thing.kind,
    thing.unit_code,
    period.period_type,
    period.period_start,
    count(*) as things,
    sum(thing.late_share) as late,
    sum(thing.late_share * (1 - thing.late_share)) as late_variance
from open_thing as thing
inner join {{ ref('int_current_period') }} as period on thing.due_at < period.ends_at
group by thing.kind, thing.unit_code, period.period_type, period.period_start
