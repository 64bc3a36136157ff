{# How a table is made on Citus (CHISO_CITUS): where its model has a meta `citus`, empty first, then spread over the
   workers by that column, or copied to each of them (`reference`), then filled; all that are spread lie together by
   unit. Every other table stays on the coordinator. On plain PostgreSQL nothing of this is looked at. #}
{% macro postgres__create_table_as(temporary, relation, sql) %}
  {%- set placed = config.get('meta', {}).get('citus') if var('citus') and not temporary -%}
  {%- if placed %}
    {#- indexes and comments follow in the same transaction: the coordinator's copy must be reached as the others are -#}
    set local citus.enable_local_execution to off;
    {{ dbt.postgres__create_table_as(temporary, relation, 'select * from (' ~ sql ~ ') as made where false') }}
    {%- if placed == 'reference' %}
    select create_reference_table('{{ relation }}');
    {%- else %}
    select create_distributed_table('{{ relation }}', '{{ placed }}');
    {%- endif %}
    insert into {{ relation }} {{ sql }};
  {%- else %}
    {{- dbt.postgres__create_table_as(temporary, relation, sql) -}}
  {%- endif %}
{% endmacro %}

{# A text where the warehouse is on Citus, none elsewhere. #}
{% macro on_citus(text) %}
    {{- return(text if var('citus') else '') -}}
{% endmacro %}

{# One row per unit, with an aggregate over its own rows of a table of dossiers (null without any). On one machine unit
   by unit, where a minimum is read from the index; Citus knows no such look-ups from one machine on another. #}
{% macro of_each_unit(aggregate, model) %}
    {%- if var('citus') %}
    (
        select
            unit_code,
            {{ aggregate }} as value
        from {{ ref(model) }}
        group by unit_code
    )
    {%- else %}
    (
        select
            unit.unit_code,
            (
                select {{ aggregate }}
                from {{ ref(model) }} as dossier
                where dossier.unit_code = unit.unit_code
            ) as value
        from {{ ref('int_unit') }} as unit
    )
    {%- endif %}
{%- endmacro %}
