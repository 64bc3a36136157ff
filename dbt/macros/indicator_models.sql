{# The models that count the indicators, by the code in their names: those that count dossiers, and the others. #}
{% macro dossier_indicators() %}
    {{- return(['1_4', '2_1', '2_2', '3_3', '3_6', '4_1', '4_2', '4_3', '4_4', '4_5b', '5_4']) -}}
{% endmacro %}

{% macro other_indicators() %}
    {{- return(['1_1', '1_2', '1_3', '3_1', '3_2', '3_5a', '3_5b', '4_5a', '4_6', '5_1a', '5_1b', '5_2', '5_3']) -}}
{% endmacro %}
