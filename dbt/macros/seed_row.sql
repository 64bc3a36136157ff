{# How a test of a seed begins its sentence (column `sentence`, which the build shows): the file and the cells of the
   row's key. #}
{% macro seed_row(model, key) %}
    (
        'Tệp dbt/seeds/{{ model.schema }}/{{ model.identifier }}.csv, dòng '
        || concat_ws(', ', {{ key | join(', ') }})
    )
{%- endmacro %}
