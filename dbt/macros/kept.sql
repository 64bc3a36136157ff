{# A build may go on from the tables of an earlier one, which the gate took out of use (build.py): then it reads only
   what came since, and replaces only the dossiers that changed. The var since says what those tables know: as_of_day
   and last_load_id. #}
{% macro is_kept() %}
    {{- return(var('since') is not none) -}}
{% endmacro %}

{# A model of the tables that are kept, as the earlier build left it. By name: it is read before it is made anew. #}
{% macro kept(model) %}
    {{- this.schema }}.{{ model -}}
{% endmacro %}

{# Whether a version of a row of raw came after the build that the kept tables are of. #}
{% macro came_since(version) %}
    (
        {{ version }}.load_id <= {{ var('last_load_id') }}
        and (
            {{ version }}.load_id > {{ var('since').last_load_id }}
            or {{ version }}.export_day > date '{{ var("since").as_of_day }}'
        )
    )
{%- endmacro %}

{# Where tables are kept: only the dossiers that changed. An array, because that is what PostgreSQL takes into a view.
   key: of int_changed_dossier, what the column holds. #}
{% macro only_changed(column, word='where', key='changed.dossier_code') %}
    {%- set changed = ref('int_changed_dossier') -%}
    {%- if is_kept() %}
    {{ word }} {{ column }} = any(array(select {{ key }} from {{ changed }} as changed))
    {%- endif -%}
{% endmacro %}

{# Before a table with rows of dossiers is added to: the dossiers that changed come anew. #}
{% macro drop_changed() %}
    {%- if is_kept() and config.get('materialized') == 'incremental' -%}
    delete from {{ this }} where dossier_code in (select dossier_code from {{ this.schema }}.int_changed_dossier)
    {%- endif -%}
{% endmacro %}

{# After a table with rows of dossiers is made. A few new rows change no statistics. #}
{% macro analyze_new() %}
    {%- if config.get('materialized') == 'table' -%}
    analyze {{ this }}
    {%- endif -%}
{% endmacro %}
