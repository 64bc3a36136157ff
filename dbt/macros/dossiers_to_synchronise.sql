{# How many dossiers 1.4 is measured against: the larger of the count of the national reporting system and that of the
   portal; without a count of the portal, of the dossiers received. #}
{% macro dossiers_to_synchronise(received, portal, national) %}
    greatest(coalesce({{ portal }}, {{ received }}, 0), {{ national }})
{%- endmacro %}
