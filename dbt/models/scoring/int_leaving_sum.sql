-- One row as in int_dossier_sum: what the dossiers that changed counted for in the tables that are kept.
{% if is_kept() %}
{{ dossier_sums(of_kept=true) }}
{% else %}
-- depends_on: {{ ref('int_changed_dossier') }}
select
    null::text as kind,
    null::text as code,
    null::text as unit_code,
    null::text as period_type,
    null::date as period_start,
    null::text as counted_code,
    null::bigint as things,
    null::bigint as things_in,
    null::numeric as seconds
where false
{% endif %}
