-- One row per dossier received before T and not finished before the period (the dossiers of 2.1).
-- Decision 766, indicator 5.4: in time, not rated dissatisfied, named by no petition.
select
    '5.4' as indicator_code,
    'own' as scope,
    unit_code,
    period_type,
    period_start,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code,
    state not in ('late', 'open_overdue')
    and coalesce(rating, '') <> 'khong_hai_long'
    and not has_petition as in_numerator,
    case
        when state in ('late', 'open_overdue') then state
        when rating = 'khong_hai_long' then 'dissatisfied'
        else 'has_petition'
    end as reason
from {{ ref('int_dossier_period') }}
where is_counted
