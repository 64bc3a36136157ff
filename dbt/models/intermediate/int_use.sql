-- One row per indicator (3.5a, 3.5b, 4.5a, 3.2), unit and procedure or service of the unit: the periods (period_key) in
-- which a dossier of the unit, or of a unit below it, uses it.
-- A list, so that the indicators need no outer join: Citus asks no union with one where its rows lie.
{{ config(indexes=[{'columns': ['unit_code', 'indicator_code']}]) }}
with used as (
    select distinct
        use.code as indicator_code,
        tree.ancestor_code as unit_code,
        use.counted_code as used_code,
        {{ period_key('use') }} as period_key
    from {{ ref('int_dossier_sum') }} as use
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = use.unit_code
    where use.kind = 'use'
),

own as (
    select
        indicator.indicator_code,
        procedure.unit_code,
        procedure.procedure_code as used_code
    from {{ ref('int_unit_procedure') }} as procedure
    cross join (values ('3.5a'), ('3.5b'), ('4.5a')) as indicator (indicator_code)
    union all
    select
        '3.2' as indicator_code,
        unit_code,
        service_code as used_code
    from {{ ref('int_unit_service') }}
)

select
    indicator_code,
    unit_code,
    used_code,
    coalesce(array_agg(used.period_key) filter (where used.period_key is not null), '{}') as used_in
from own
left join used using (indicator_code, unit_code, used_code)
group by indicator_code, unit_code, used_code
