{# Newest version of each row of a source: newest export day, then file name in byte order, then load.
   Of what was loaded when the build began: a load that ends while it runs must not be seen by half of it.
   key_field: a field of the row's key; who asks for some of its values reads and sorts no other rows. #}
{% macro newest_version(source_name, key_field=none) %}
    (
        select distinct on (row_key{{ ', ' ~ key_field if key_field }}) *
        from {{ source('raw', source_name) }}
        where load_id <= {{ var('last_load_id') }} and export_day <= date '{{ var("as_of_day") }}'
        order by row_key{{ ', ' ~ key_field if key_field }}, export_day desc, file_name desc, load_id desc
    )
{% endmacro %}
