{# Fails where, for one key of a seed, two rows or none are in force on a day from the first to the last: those of the
   table, or of the rows that are alike in the columns `within`. #}
{% test continuous_validity(model, columns, within=[]) %}
with neighbour as (
    select
        *,
        lag(valid_to) over key_days as previous_valid_to,
        lead(valid_from) over key_days as next_valid_from,
        min(valid_from) over whole as first_day,
        max(valid_to) over whole as last_day
    from {{ model }}
    window
        key_days as (partition by {{ columns | join(', ') }} order by valid_from, valid_to),
        whole as ({{ 'partition by ' ~ within | join(', ') if within }})
),

broken as (
    select
        *,
        case
            when valid_from > valid_to then 'valid_from ' || valid_from || ' sau valid_to ' || valid_to
            when previous_valid_to >= valid_from
                then 'từ ' || valid_from || ' đến ' || least(previous_valid_to, valid_to) || ' có hai dòng cùng hiệu lực'
            when valid_from > coalesce(previous_valid_to + 1, first_day)
                then
                    'từ ' || coalesce(previous_valid_to + 1, first_day) || ' đến ' || valid_from - 1
                    || ' không có dòng nào hiệu lực'
            when next_valid_from is null and valid_to < last_day
                then 'từ ' || valid_to + 1 || ' đến ' || last_day || ' không có dòng nào hiệu lực'
        end as fault
    from neighbour
)

select
    *,
    {{ seed_row(model, columns) }} || ': ' || fault || ', hãy sửa valid_from, valid_to cho các dòng nối tiếp nhau'
        as sentence
from broken
where fault is not null
{% endtest %}
