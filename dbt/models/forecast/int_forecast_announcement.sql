-- One row per province, current period and indicator of announcements (1.1, 1.2): how many more procedures will be
-- announced (1.2: made public) by the period's end, and how many of them in time.
-- A decision announces several procedures at once, all in time or none: the fewer decisions, the less is known.
with recent as (
    select
        case_.indicator_code,
        announcement.province_code as unit_code,
        count(*)::numeric as things,
        count(*) filter (where case_.is_in_time) as things_in,
        count(*)::numeric / count(distinct case_.day) as things_at_once
    from {{ ref('int_announcement') }} as announcement
    cross join lateral (
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
    ) as case_ (indicator_code, day, is_in_time)
    inner join {{ ref('int_forecast_window') }} as recent_days
        on
            recent_days.unit_code = announcement.province_code
            and case_.day between recent_days.first_day and date '{{ var("as_of_day") }}'
    group by case_.indicator_code, announcement.province_code
)

select
    recent.indicator_code,
    recent.unit_code,
    period.period_type,
    period.period_start,
    recent.things / recent_days.days * period.days_left as new_things,
    {{ likely_share('recent.things_in', 'recent.things', 'recent.things_at_once') }} as new_share,
    recent.things as seen_things,
    recent.things_at_once
from recent
cross join {{ ref('int_forecast_period') }} as period
inner join {{ ref('int_forecast_window') }} as recent_days on recent_days.unit_code = recent.unit_code
