{# Points, before rounding, of a row of int_indicator_worth with another numerator and factor; null without them. #}
{% macro points_of(numerator, factor) %}
    case when points_each * {{ factor }} is not null
        then least(max_score, points_each * ({{ numerator }}) * {{ factor }}) end
{%- endmacro %}

{# The newest export day. #}
{% macro as_of_day() %}
    date '{{ var("as_of_day") }}'
{%- endmacro %}

{# The newest export day but this that was published. #}
{% macro last_night() %}
    (
        select max(night.as_of_day)
        from {{ source('ops', 'build') }} as night
        where night.state = 'published' and night.as_of_day < {{ as_of_day() }}
    )
{%- endmacro %}

{# The day a month before the newest export day. #}
{% macro a_month_ago() %}
    ({{ as_of_day() }} - interval '1 month')::date
{%- endmacro %}

{# The last second of a day, as a moment. #}
{% macro last_second(day) %}
    {{ moment('(' ~ day ~ " + time '23:59:59')") }}
{%- endmacro %}

{# How soon a moment comes, seen from A: before A; on the day that begins at A; on one of the next three working days. #}
{% macro urgency(due_at) %}
    case
        when {{ due_at }} < {{ moment(as_of()) }} then 'overdue'
        when ({{ moment(due_at) }})::date = ({{ as_of() }})::date then 'today'
        when ({{ moment(due_at) }})::date <= {{ add_working_days('(' ~ as_of() ~ ')::date', 3) }} then '3_days'
        else 'later'
    end
{%- endmacro %}

{# Place in the day's work of a unit: first what dies today, then in the next days, then what is overdue, then the rest;
   in each of these what decides most points, then what is due first. #}
{% macro place_in_work(due_at, code) %}
    row_number() over (
        partition by unit.unit_code
        order by
            array_position(array['today', '3_days', 'overdue', 'later'], {{ urgency(due_at) }}),
            coalesce(points.points_at_stake, 0) + coalesce(points.points_at_risk, 0) desc,
            {{ due_at }} nulls last,
            {{ code }}
    )::integer
{%- endmacro %}
