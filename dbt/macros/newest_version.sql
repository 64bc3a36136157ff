{# Newest version of each row of a source: newest export day, then file name in byte order, then load, then line. #}
{% macro newest_version(source_name) %}
    (
        select distinct on (row_key) *
        from {{ source('raw', source_name) }}
        order by row_key, export_day desc, file_name desc, load_id desc, line desc
    )
{% endmacro %}
