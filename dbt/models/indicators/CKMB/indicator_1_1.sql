-- One row per procedure announced by a decision dated in the period, of a province; every unit below shows it.
-- Decision 766, indicator 1.1: announced in time; in force no earlier than the decision date + 5 working days.
select
    '1.1' as indicator_code,
    'province' as scope,
    announcement.province_code as unit_code,
    period.period_type,
    period.period_start,
    'announcement' as evidence_kind,
    announcement.procedure_code as evidence_key,
    announcement.procedure_code,
    bool_and(coalesce(announcement.in_force_at::date >= announcement.in_force_deadline, false)) as in_numerator,
    case when bool_or(announcement.in_force_at is null) then 'no_effective_day' else 'too_early' end as reason
from {{ ref('int_announcement') }} as announcement
inner join {{ ref('int_period') }} as period
    on announcement.decided_at >= period.starts_at and announcement.decided_at < period.seen_at
group by announcement.province_code, period.period_type, period.period_start, announcement.procedure_code
