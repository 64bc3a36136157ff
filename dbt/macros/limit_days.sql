{# Working days of a deadline of the law (seed working_day_limits) in force on a day. #}
{% macro limit_days(limit_code, day) %}
    (
        select law.working_days
        from {{ ref('working_day_limits') }} as law
        where law.limit_code = '{{ limit_code }}' and {{ day }} between law.valid_from and law.valid_to
    )
{%- endmacro %}
