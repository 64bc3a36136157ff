-- One row per dossier received in the period and finished with a result before A; seconds: from receipt, less waiting.
-- Decision 766, indicator 2.2: average handling time; shown, not scored.
select
    '2.2' as indicator_code,
    'own' as scope,
    dossier.unit_code,
    dossier.period_type,
    dossier.period_start,
    'dossier' as evidence_kind,
    dossier.dossier_code as evidence_key,
    dossier.procedure_code,
    true as in_numerator,
    null::text as reason,
    extract(epoch from today.ended_at - dossier.received_at - today.supplement_time) as seconds
from {{ ref('int_dossier_period') }} as dossier
inner join {{ ref('int_dossier_now') }} as today
    on today.dossier_code = dossier.dossier_code and today.unit_code = dossier.unit_code
where dossier.is_received_in_period and today.status in (9, 10) and today.ended_at is not null
