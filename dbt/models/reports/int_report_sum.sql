-- One row per unit, report period and procedure: figures of the unit's own dossiers. Where tables are kept: those of
-- before, less what the dossiers that changed counted for, and what they count for now (as int_dossier_sum).
{{ config(
    materialized='incremental' if is_kept() else 'table',
    unique_key=['unit_code', 'period_type', 'period_start', 'procedure_code'],
    incremental_strategy='delete+insert',
    post_hook=['delete from {{ this }} where dossiers = 0'],
    indexes=[{'columns': ['unit_code', 'period_type', 'period_start', 'procedure_code'], 'unique': true}]
) }}
{% if not is_kept() %}
{{ report_sums(ref('int_report_period'), ref('int_dossier'), ref('int_supplement')) }}
{% else %}
with change as (
    {{ report_sums(ref('int_report_period'), ref('int_dossier'), ref('int_supplement')) }}
    union all
    select
        unit_code,
        period_type,
        period_start,
        procedure_code,
        {{ each_figure('-{0} as {0}') }}
    from {{ ref('int_leaving_report') }}
),

changed as (
    select
        unit_code,
        period_type,
        period_start,
        procedure_code,
        {{ each_figure('sum({0})::integer as {0}') }}
    from change
    group by unit_code, period_type, period_start, procedure_code
)

select
    unit_code,
    period_type,
    period_start,
    procedure_code,
    {{ each_figure('coalesce(before.{0}, 0) + changed.{0} as {0}') }}
from changed
left join {{ this }} as before using (unit_code, period_type, period_start, procedure_code)
{% endif %}
