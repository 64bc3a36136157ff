-- One row per unit, current period, kind of work and dossier of the unit, or of one below it, that lacks something that
-- can still be mended. effects: the indicators whose numerator is one higher then.
-- The first payment of a procedure, and the first received dossier with population data, count for the procedure, too.
{{ config(materialized='view') }}
with work as (
    select
        tree.ancestor_code as unit_code,
        dossier.period_type,
        dossier.period_start,
        split_part(dossier.code, '/', 1) as action,
        split_part(dossier.code, '/', 2) as variant,
        string_to_array(split_part(dossier.code, '/', 3), ',') as effects,
        dossier.dossier_code,
        dossier.counted_code as procedure_code,
        lacking.of_payment,
        lacking.of_population
    from {{ ref('int_dossier_work') }} as dossier
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
    left join {{ ref('int_lacking_procedure') }} as lacking
        on
            lacking.unit_code = tree.ancestor_code
            and lacking.period_type = dossier.period_type
            and lacking.period_start = dossier.period_start
            and lacking.procedure_code = dossier.counted_code
),

placed as (
    select
        *,
        row_number() over (
            partition by unit_code, period_type, period_start, action, variant, procedure_code
            order by effects desc, dossier_code
        ) as place
    from work
),

mending as (
    select
        unit_code,
        period_type,
        period_start,
        action,
        case when action <> 'use_population_data' then variant else '' end as variant,
        case
            when place > 1 then effects
            when action = 'pay_online' then of_payment || effects
            when action = 'use_population_data' and variant = 'received' then of_population || effects
            else effects
        end as effects,
        dossier_code,
        procedure_code
    from placed
)

select
    unit_code,
    period_type,
    period_start,
    action,
    variant,
    effects,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code
from mending
where effects <> '{}'
