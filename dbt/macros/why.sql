{# A model of one of the two nights that ./chiso why compares: `before` is rebuilt beside it, `after` stands in the
   schemas that the question names. #}
{% macro on_night(night, model) %}
    {%- if night == 'before' -%}
        {{ ref(model) }}
    {%- else -%}
        {{ var('why').after_marts if model == 'indicator_evidence' else var('why').after_intermediate }}.{{ model }}
    {%- endif -%}
{% endmacro %}

{# The unit that was asked for. #}
{% macro asked_unit() %}
    '{{- var("why").unit_code | replace("'", "''") -}}'
{% endmacro %}

{# Whether a row is of the period that was asked for. #}
{% macro is_asked_period(row) %}
    {{ row }}.period_type = '{{ var("why").period_type }}' and {{ row }}.period_start = date '{{ var("why").period_start }}'
{%- endmacro %}

{# One row per procedure or service, its indicator and a dossier that puts it into the numerator. #}
{% macro using_dossiers(night) %}
    select
        use.code as indicator_code,
        use.counted_code as evidence_key,
        use.dossier_code
    from {{ on_night(night, 'int_dossier_use') }} as use
    inner join {{ on_night(night, 'int_unit_tree') }} as tree
        on tree.unit_code = use.unit_code and tree.ancestor_code = {{ asked_unit() }}
    where {{ is_asked_period('use') }} {{ on_citus('offset 0') }}
{% endmacro %}
