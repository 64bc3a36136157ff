{# A published score as a number of the marts; what could be none (a slip of the portal) is left out. #}
{% macro shown_score(score) %}
    case when {{ score }} < 1000 then {{ score }} end::numeric(6, 2)
{%- endmacro %}
