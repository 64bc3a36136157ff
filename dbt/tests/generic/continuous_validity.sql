{# Fails where, for one key, two rows or none are in force on a day from the first of the table to its last. #}
{% test continuous_validity(model, columns) %}
with neighbour as (
    select
        {{ columns | join(', ') }},
        valid_from,
        valid_to,
        lag(valid_to) over key_days as previous_valid_to,
        lead(valid_from) over key_days as next_valid_from,
        min(valid_from) over () as first_day,
        max(valid_to) over () as last_day
    from {{ model }}
    window key_days as (partition by {{ columns | join(', ') }} order by valid_from, valid_to)
)

select *
from neighbour
where
    valid_from > valid_to
    or valid_from <> coalesce(previous_valid_to + 1, first_day)
    or (next_valid_from is null and valid_to <> last_day)
{% endtest %}
