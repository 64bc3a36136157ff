{# Fails for every row of a seed in which a column holds another word than those listed. #}
{% test known_word(model, column_name, values, key) %}
select
    *,
    {{ seed_row(model, key) }} || ': {{ column_name }} là “' || {{ column_name }}
    || '”, hãy ghi một trong các từ {{ values | join(', ') }}' as sentence
from {{ model }}
where {{ column_name }} not in ('{{ values | join("', '") }}')
{% endtest %}
