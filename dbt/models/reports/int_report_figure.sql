-- One row per unit, report period and field of work with a dossier of the unit or of one below it: the figures.
-- A view: those of a unit are at hand. The field is that of the catalogue; field_code is '' where it names none.
{{ config(materialized='view') }}
select
    tree.ancestor_code as unit_code,
    period.period_type,
    period.period_start,
    period.ends_on as period_end,
    coalesce(field.field_code, '') as field_code,
    coalesce(field.field_name, 'Chưa rõ lĩnh vực') as field_name,
    {{ each_figure('sum(own.{0}) as {0}') }}
from {{ ref('int_report_sum') }} as own
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = own.unit_code
inner join {{ ref('int_report_period') }} as period
    on period.period_type = own.period_type and period.period_start = own.period_start
left join {{ ref('int_report_field') }} as field on field.procedure_code = own.procedure_code
group by 1, 2, 3, 4, 5, 6
