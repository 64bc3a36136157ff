{# Who reads a mart: chiso_analyst and chiso_bi all of it (default privileges of its schema), chiso_unit and its members
   the rows of their own units. Every mart has unit_code but those of the var marts_of_no_unit; one that has neither
   fails its build. Tables get policies, views a condition: to the tables behind them a view is its owner. #}

{# After a mart is made, in the same transaction. #}
{% macro let_units_read() %}
    {%- if this.identifier not in var('marts_of_no_unit') and config.get('materialized') == 'table' %}
    alter table {{ this }} enable row level security;
    create policy all_units on {{ this }} for select to chiso_analyst, chiso_bi using (true);
    create policy own_units on {{ this }} for select to chiso_unit using (unit_code = any((select ops.own_units())::text[]));
    {%- endif %}
    grant select on {{ this }} to chiso_unit
{% endmacro %}

{# How dbt makes views here: those of the marts behind a barrier, so that no function of a query (one that tells what it
   is given, or fails and quotes it) sees a row before the condition has let it through. #}
{% macro postgres__create_view_as(relation, sql) %}
    {%- set is_of_units = model.config.schema == 'marts_next' and model.name not in var('marts_of_no_unit') -%}
    {#- it is asked on the coordinator only; to tell the workers of it takes seconds where views stand on views -#}
    {{ on_citus('set local citus.enable_ddl_propagation to off;') }}
    create view {{ relation }}
    {%- if config.get('contract').enforced %}
    {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    {%- if is_of_units %}
    with (security_barrier)
    {%- endif %}
    as
    {%- if is_of_units %}
    select *
    from (
    {{ sql }}
    ) as mart
    where (select ops.reads_all_units()) or mart.unit_code = any((select ops.own_units())::text[])
    {%- else %}
    {{ sql }}
    {%- endif %}
{% endmacro %}
