{# Whether a list (JSON) of a dossier has an item, one with a field, or one whose field fulfils a condition (jsonpath).
   Without a list: false. #}
{% macro has_item(list, field=none, condition=none) -%}
coalesce({{ list }} @? '$[*]{{ '.' ~ field if field }}{{ ' ? (' ~ condition ~ ')' if condition }}', false)
{%- endmacro %}

{# Whether it has an item without the field, or whose field does not fulfil the condition. #}
{% macro has_item_without(list, field, condition) -%}
coalesce({{ list }} @? '$[*] ? (!exists (@.{{ field }} ? ({{ condition }})))', false)
{%- endmacro %}
