{# A: the as-of moment, the midnight that ends the newest export day; a local timestamp. #}
{% macro as_of() %}
    (date '{{ var("as_of_day") }}' + 1)::timestamp
{%- endmacro %}

{# A local timestamp as the moment it means. #}
{% macro moment(local_time) %}
    {{ local_time }} at time zone 'Asia/Ho_Chi_Minh'
{%- endmacro %}

{# A local timestamp as Vietnamese readers write it. #}
{% macro shown_time(local_time) %}
    to_char({{ local_time }}, 'HH24:MI DD/MM/YYYY')
{%- endmacro %}

{# The n-th working day after a day, the day itself not counted. #}
{% macro add_working_days(day, n) %}
    (
        select later.day
        from {{ ref('int_calendar') }} as given
        inner join {{ ref('int_calendar') }} as later
            on later.is_working_day and later.working_day_number = given.working_day_number + {{ n }}
        where given.day = {{ day }}
    )
{%- endmacro %}

{# Working days from the day that begins at A to a day: 0 on that day, below 0 when it is past. #}
{% macro working_days_left(day) %}
    (
        select due.working_day_number - first.working_day_number
        from {{ ref('int_calendar') }} as due
        cross join {{ ref('int_calendar') }} as first
        where due.day = {{ day }} and first.day = ({{ as_of() }})::date
    )
{%- endmacro %}
