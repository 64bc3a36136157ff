{# Fails for every row in which one of the columns is empty. #}
{% test no_empty_cell(model, columns) %}
select *
from {{ model }}
where num_nulls({{ columns | join(', ') }}) > 0
{% endtest %}
