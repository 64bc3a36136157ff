{# The models that count the items of the ward's plan, by the code in their names: those that count dossiers, and the
   others. The items that are indicators (seed plan_items) have none. #}
{% macro dossier_plan_items() %}
    {{- return(['returned', 'suspended', 'outside_boundary', 'component_files', 'electronic_results']) -}}
{% endmacro %}

{% macro other_plan_items() %}
    {{- return([
        'vertical',
        'linked',
        'documents',
        'survey_answers',
        'survey_satisfied',
        'survey_index',
        'rank',
        'training',
        'tasks',
    ]) -}}
{% endmacro %}
