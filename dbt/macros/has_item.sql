{# Whether a list (JSON) of a dossier has an item with a field that fits all patterns. Without a list: false. #}
{% macro has_item(list, field, pattern, second_pattern='') -%}
    coalesce(
        {{ list }} @? '$[*] ? (exists ({{ field }}
            {%- if pattern %} ? (@ like_regex "{{ pattern }}"){% endif %}
            {%- if second_pattern %} ? (@ like_regex "{{ second_pattern }}"){% endif %}))',
        false
    )
{%- endmacro %}

{# Whether it has an item whose field does not fit the pattern, or that has no such field. #}
{% macro has_item_without(list, field, pattern) -%}
    coalesce({{ list }} @? '$[*] ? (!({{ field }} like_regex "{{ pattern }}"))', false)
{%- endmacro %}
