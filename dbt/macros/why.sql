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
        use.indicator_code,
        dossier.procedure_code as evidence_key,
        dossier.dossier_code
    from {{ on_night(night, 'int_dossier_period') }} as dossier
    inner join {{ on_night(night, 'int_unit_tree') }} as tree
        on tree.unit_code = dossier.unit_code and tree.ancestor_code = {{ asked_unit() }}
    cross join lateral (
        values
        ('3.5a', dossier.has_fee_amount),
        ('3.5b', dossier.is_paid_online),
        ('4.5a', dossier.uses_population_data)
    ) as use (indicator_code, is_use)
    where {{ is_asked_period('dossier') }} and dossier.is_received_in_period and use.is_use
    union all
    select
        '3.2' as indicator_code,
        dossier.service_code as evidence_key,
        dossier.dossier_code
    from {{ on_night(night, 'int_online_dossier') }} as dossier
    inner join {{ on_night(night, 'int_unit_tree') }} as tree
        on tree.unit_code = dossier.unit_code and tree.ancestor_code = {{ asked_unit() }}
    inner join {{ on_night(night, 'int_period') }} as period
        on dossier.used_at >= period.starts_at and dossier.used_at < period.seen_at
    where {{ is_asked_period('period') }}
{% endmacro %}
