-- One row per unit and period: its outgoing documents issued in the period.
-- Plan item documents: those sent electronically and signed by a person's digital signature.
select
    'documents' as item_code,
    'own' as scope,
    document.unit_code,
    period.period_type,
    period.period_start,
    count(*) as things,
    count(*) filter (where document.sent_electronically = 1 and document.signed_by_person = 1) as things_in
from {{ ref('stg_documents') }} as document
inner join {{ ref('int_period') }} as period
    on document.issued_at >= period.starts_at and document.issued_at < period.seen_at
group by document.unit_code, period.period_type, period.period_start
