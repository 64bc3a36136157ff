-- One row per dossier that the passing of time will change: the first moment at or after A at which it may count
-- otherwise.
{{ config(indexes=[{'columns': ['dossier_code']}, {'columns': ['comes_at']}]) }}
select
    moment.dossier_code,
    moment.unit_code,
    min(moment.comes_at) as comes_at
from (
    select
        dossier.dossier_code,
        dossier.unit_code,
        fact.comes_at
    from {{ ref('int_dossier') }} as dossier
    cross join
        lateral (
            values (dossier.received_at), (dossier.done_at), (dossier.returned_at), (dossier.refused_at)
        ) as fact (comes_at)
    union all
    select
        request.dossier_code,
        request.unit_code,
        fact.comes_at
    from {{ ref('int_supplement') }} as request
    cross join lateral (values (request.requested_at), (request.arrived_at)) as fact (comes_at)
    union all
    select
        dossier_code,
        unit_code,
        rated_at as comes_at
    from {{ ref('int_rating') }}
    union all
    select
        dossier_code,
        unit_code,
        first_sent_at as comes_at
    from {{ ref('int_naming_petition') }}
    union all
    -- its deadline
    select
        dossier_code,
        unit_code,
        due_at + supplement_time as comes_at
    from {{ ref('int_dossier_now') }}
    where state = 'open_in_time'
) as moment
where
    moment.comes_at >= {{ as_of() }}
    {{ only_changed('moment.dossier_code', 'and') }}
group by moment.dossier_code, moment.unit_code
