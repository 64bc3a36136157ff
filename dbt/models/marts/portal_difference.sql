-- One row per unit, period, indicator whose counts differ from the portal's, and thing that could account for it.
{{ config(materialized='view') }}
with differing as (
    select *
    from {{ ref('portal_reconciliation') }}
    where explanation in ('population_differs', 'numerator_differs')
),

-- taken apart first on Citus, which joins a union with nothing else
evidence as {{ on_citus('materialized') }} (
    select thing.*
    from {{ ref('indicator_evidence') }} as thing
    where (thing.unit_code, thing.period_type, thing.period_start, thing.indicator_code) in (
        select
            differing.unit_code,
            differing.period_type,
            differing.period_start,
            differing.indicator_code
        from differing
    )
),

-- what the portal could not know on the day it was asked, by kind and key of the evidence
unknown as (
    select
        'dossier' as evidence_kind,
        dossier_code as evidence_key,
        export_day,
        not is_synchronised as is_not_synchronised
    from {{ ref('int_dossier') }}
    union all
    select
        'petition' as evidence_kind,
        petition_code as evidence_key,
        export_day,
        false as is_not_synchronised
    from {{ ref('int_petition') }}
)

select
    differing.unit_code,
    differing.period_type,
    differing.period_start,
    differing.indicator_code,
    evidence.evidence_kind,
    evidence.evidence_key,
    case when unknown.is_not_synchronised then 'not_synchronised' else 'changed_since_pull' end as cause
from differing
inner join evidence
    using (unit_code, period_type, period_start, indicator_code)
inner join unknown
    on
        unknown.evidence_kind = evidence.evidence_kind
        and unknown.evidence_key = evidence.evidence_key
        and (unknown.is_not_synchronised or unknown.export_day > differing.pulled_on)
union all
-- what the portal may have and the warehouse has not: rows that wait to be corrected
select distinct
    differing.unit_code,
    differing.period_type,
    differing.period_start,
    differing.indicator_code,
    'dossier' as evidence_kind,
    aside.row_key as evidence_key,
    'set_aside' as cause
from differing
inner join {{ ref('source_of_indicator') }} as needed
    on needed.indicator_code = differing.indicator_code and needed.source = 'dossiers'
inner join {{ ref('int_unit_tree') }} as tree on tree.ancestor_code = differing.unit_code
inner join {{ source('set_aside', 'row') }} as aside
    on
        aside.source = 'dossiers'
        and aside.unit_code = tree.unit_code
        and aside.row_key is not null
        and aside.healed_load_id is null
where differing.explanation = 'population_differs'
