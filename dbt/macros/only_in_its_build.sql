{# Before each model: a build whose session ended, because the server did, may go on by other sessions, and the tables of
   the next build lie in the same place. It waits while a build begins (build.py). #}
{% macro only_in_its_build() %}
    {%- if var('build_id', none) is not none -%}
    do $$
    begin
        lock table ops.build in row share mode;
        if (select max(build_id) from ops.build) <> {{ var('build_id') }} then
            raise exception 'build % has begun since', (select max(build_id) from ops.build);
        end if;
    end $$
    {%- endif -%}
{% endmacro %}
