{# Schemas carry the names of the contract, without dbt's prefix. A rebuild of a past night goes into one schema of its
   own, by the law of today. #}
{% macro generate_schema_name(custom_schema_name, node) %}
    {%- if node.resource_type == 'model' and var('rebuild_schema') -%}
        {{ var('rebuild_schema') }}
    {%- elif var('published') -%}
        {{ (custom_schema_name or target.schema) | replace('_next', '') }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{% endmacro %}
