-- One row per dossier, period it was received in, and step that is over at A: how many seconds it took.
-- intake: from submission to receipt; handling: from receipt to the end, less supplement: the wait for the applicant's
-- papers, both of dossiers with a result (2.2); handover: from the end to the applicant's hand.
{{ config(materialized='view') }}
select
    step.step as code,
    received.unit_code,
    received.period_type,
    received.period_start,
    received.procedure_code as counted_code,
    received.dossier_code,
    today.state in ('late', 'open_overdue') as is_late,
    greatest(extract(epoch from step.duration), 0) as seconds
from {{ ref('int_dossier_period') }} as received
inner join {{ ref('int_dossier_now') }} as today
    on today.dossier_code = received.dossier_code and today.unit_code = received.unit_code
inner join {{ ref('int_dossier') }} as dossier
    on dossier.dossier_code = received.dossier_code and dossier.unit_code = received.unit_code
cross join
    lateral (
        values
        (
            'intake',
            dossier.submitted_at is not null,
            dossier.received_at - dossier.submitted_at
        ),
        (
            'handling',
            dossier.status in (9, 10) and today.ended_at is not null,
            today.ended_at - dossier.received_at - today.supplement_time
        ),
        (
            'supplement',
            dossier.status in (9, 10) and today.ended_at is not null and today.supplement_requests > 0,
            today.supplement_time
        ),
        (
            'handover',
            dossier.status in (9, 10) and dossier.done_at < {{ as_of() }} and dossier.returned_at < {{ as_of() }},
            dossier.returned_at - dossier.done_at
        )
    ) as step (step, is_over, duration)
where received.is_received_in_period and step.is_over
