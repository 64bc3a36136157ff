{# The share that few things tell of: as if one more had come (or as many as come at once), half of it in the share.
   Of three of three it makes 88 %, of 300 of 300 hardly less than 100 %, and no share is certain (Jeffreys). Without any
   thing nothing is known: 0. #}
{% macro likely_share(things_in, things, at_once=1) %}
    coalesce(({{ things_in }} + {{ at_once }} / 2.0) / (nullif({{ things }}, 0) + {{ at_once }}), 0)
{%- endmacro %}
