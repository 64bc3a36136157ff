-- One row per procedure of a province made public in the period, or whose time for it ran out in it; all below show it.
-- Decision 766, indicator 1.2: made public in time, by the decision date + 5 working days.
select
    '1.2' as indicator_code,
    'province' as scope,
    announcement.province_code as unit_code,
    period.period_type,
    period.period_start,
    'announcement' as evidence_kind,
    announcement.procedure_code as evidence_key,
    announcement.procedure_code,
    -- made public at T or later it stands here only with a deadline before T, which it misses
    bool_and(coalesce(announcement.public_at::date <= announcement.public_deadline, false)) as in_numerator,
    'not_public_in_time' as reason
from {{ ref('int_announcement') }} as announcement
inner join {{ ref('int_period') }} as period
    on
        (announcement.public_at >= period.starts_at and announcement.public_at < period.seen_at)
        or (
            coalesce(announcement.public_at >= period.seen_at, true)
            and announcement.public_deadline >= period.starts_at
            and announcement.public_deadline < period.seen_at
        )
group by announcement.province_code, period.period_type, period.period_start, announcement.procedure_code
