-- One row per unit and period with a total: its place among the units of its kind, as known now.
-- A unit of which no dossier ever came has no own total: its exports are not here.
with own as (
    select
        unit_code,
        period_type,
        period_start,
        total_score
    from {{ ref('fct_scorecard') }}
    where profile = '{{ var("default_profile") }}' and unit_code in (
        select tree.ancestor_code
        from {{ ref('int_unit_tree') }} as tree
        inner join {{ of_each_unit('min(unit_code)', 'int_dossier') }} as dossier
            on dossier.unit_code = tree.unit_code and dossier.value is not null
    )
)

select * from (
    {{ unit_totals('own', as_of_day()) }}
) as ranked
