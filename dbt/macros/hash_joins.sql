{# Before a model that joins many things of many periods by text: sorting them for a merge join, which PostgreSQL takes
   to be cheaper, takes several times as long as a hash of them (benchmarks/README.md). Ends with the transaction. #}
{% macro hash_joins() %}
    set local enable_mergejoin = off
{% endmacro %}
