{# Fails for every row of a seed in which one of the columns is empty. #}
{% test no_empty_cell(model, columns, key) %}
select
    *,
    {{ seed_row(model, key) }} || ': còn ô trống, hãy ghi đủ các cột {{ columns | join(', ') }}' as sentence
from {{ model }}
where num_nulls({{ columns | join(', ') }}) > 0
{% endtest %}
