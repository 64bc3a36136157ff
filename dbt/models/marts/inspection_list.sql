-- One row per dossier of a known unit and reason to inspect it, as at A.
-- A view: ask for a unit, or for a span of receipt.
{{ config(materialized='view') }}
with dossier as (
    select
        today.*,
        today.judged_at - today.due_at as delay
    from (
        select
            *,
            coalesce(finished_at, {{ as_of() }}) - supplement_time as judged_at
        from {{ ref('int_dossier_now') }}
    ) as today
)

select
    dossier.dossier_code,
    dossier.unit_code,
    dossier.procedure_code,
    facts.department,
    facts.official_key,
    reason.reason,
    reason.reason_name,
    reason.reason_name || ': ' || concat_ws(
        ', ',
        'tiếp nhận ' || {{ shown_time('dossier.received_at') }},
        'hẹn trả ' || {{ shown_time('dossier.due_at') }},
        coalesce('xong ' || {{ shown_time('dossier.ended_at') }}, 'chưa xong'),
        dossier.supplement_requests || ' lần yêu cầu bổ sung'
    ) as sentence,
    {{ moment('dossier.received_at') }} as received_at,
    {{ moment('dossier.due_at') }} as due_at,
    {{ moment('dossier.finished_at') }} as finished_at
from dossier
inner join {{ ref('int_unit') }} as unit on unit.unit_code = dossier.unit_code
inner join {{ ref('int_dossier') }} as facts
    on facts.dossier_code = dossier.dossier_code and facts.unit_code = dossier.unit_code
cross join {{ ref('int_inspection_reason') }} as reason
where
    case reason.reason
        when 'repeated_supplements' then dossier.supplement_requests >= reason.threshold
        when 'supplement_after_deadline'
            then
                dossier.supplement_requests > 0
                and exists (
                    select from {{ ref('int_supplement') }} as request
                    where
                        request.dossier_code = dossier.dossier_code
                        and request.unit_code = dossier.unit_code
                        and request.requested_at < {{ as_of() }}
                        and request.requested_at > dossier.due_at + (
                            select {{ waiting_time('earlier', 'request.requested_at') }}
                            from {{ ref('int_supplement') }} as earlier
                            where
                                earlier.dossier_code = dossier.dossier_code
                                and earlier.unit_code = dossier.unit_code
                        )
                )
        when 'late_without_apology' then dossier.delay > interval '0'
        when 'finished_just_before_deadline'
            then
                dossier.ended_at is not null
                and dossier.delay between -reason.threshold * interval '1 minute' and interval '0'
        when 'finished_on_day_off'
            then
                dossier.status in (9, 10)
                and exists (
                    select from {{ ref('int_calendar') }} as calendar
                    where calendar.day = dossier.ended_at::date and not calendar.is_working_day
                )
        when 'returned_at_deadline'
            then
                dossier.status in (3, 7, 8)
                and dossier.ended_at is not null
                and dossier.judged_at::date >= dossier.due_at::date
        when 'dissatisfied' then dossier.rating = 'khong_hai_long'
        when 'petition' then dossier.has_petition
    end
