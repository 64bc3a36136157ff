{# A count of rows as Vietnamese readers write it, 1.234. #}
{% macro row_count(number) %}
    replace(to_char({{ number }}, 'FM999,999,999,999'), ',', '.')
{%- endmacro %}
