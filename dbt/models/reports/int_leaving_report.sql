-- One row as in int_report_sum: what the dossiers that changed counted for in the tables that are kept.
-- depends_on: {{ ref('int_changed_dossier') }}
{% if is_kept() %}
{{ report_sums(kept('int_report_period'), kept('int_dossier'), kept('int_supplement')) }}
{% else %}
select
    null::text as unit_code,
    null::text as period_type,
    null::date as period_start,
    null::text as procedure_code,
    {{ each_figure('null::integer as {0}') }}
where false
{% endif %}
