-- One row per province, current period and indicator of announcements (1.1, 1.2): how many more procedures will be
-- announced (1.2: made public) by the period's end, and how many of them in time.
-- A decision announces several procedures at once, all in time or none: the fewer decisions, the less is known.
{{ config(materialized='view') }}
with lately as (
    select
        case_.indicator_code,
        span.unit_code,
        span.period_type,
        span.period_start,
        span.days,
        span.days_left,
        count(*)::numeric as things,
        count(*) filter (where case_.is_in_time) as things_in,
        count(*)::numeric / count(distinct case_.day) as things_at_once
    from {{ ref('int_announcement') }} as announcement
    inner join lateral (
        values
        (
            '1.1',
            announcement.decided_at::date,
            announcement.in_force_at::date >= announcement.in_force_deadline
        ),
        (
            '1.2',
            coalesce(announcement.public_at::date, announcement.public_deadline),
            announcement.public_at::date <= announcement.public_deadline
        )
    ) as case_ (indicator_code, day, is_in_time) on case_.day <= date '{{ var("as_of_day") }}'
    inner join {{ ref('int_forecast_span') }} as span
        on span.unit_code = announcement.province_code and span.first_day <= case_.day
    group by
        case_.indicator_code, span.unit_code, span.period_type, span.period_start, span.days, span.days_left
)

select
    indicator_code,
    unit_code,
    period_type,
    period_start,
    things / days * days_left as new_things,
    {{ likely_share('things_in', 'things', 'things_at_once') }} as new_share,
    things as seen_things,
    things_at_once
from lately
