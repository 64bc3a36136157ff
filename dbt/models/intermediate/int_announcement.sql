-- One row per procedure in an announcement decision, with its province and its two deadlines (1.1, 1.2).
select
    announcement.announcement_key,
    unit.province_code,
    announcement.procedure_code,
    announcement.decided_at,
    announcement.in_force_at,
    announcement.public_at,
    {{ add_working_days('decided_at::date', limit_days('announcement_effective', 'decided_at::date')) }}
        as in_force_deadline,
    {{ add_working_days('decided_at::date', limit_days('announcement_public', 'decided_at::date')) }} as public_deadline
from {{ ref('stg_announcements') }} as announcement
inner join {{ ref('int_unit') }} as unit on unit.unit_code = announcement.unit_code
where unit.province_code is not null
