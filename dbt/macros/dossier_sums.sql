{# What dossiers count for, by unit, period and procedure (of use: procedure or service used): kind is indicator, plan,
   step, use or work, code says which. of_kept: of the tables that are kept, as they were; else of those of this build. #}
{% macro dossier_sums(of_kept) %}
    {% for code in dossier_indicators() %}
    {%- set model = 'indicator_' ~ code %}
    select
        'indicator' as kind,
        indicator_code as code,
        unit_code,
        period_type,
        period_start,
        procedure_code as counted_code,
        count(*) as things,
        count(*) filter (where in_numerator) as things_in,
        {{ 'sum(seconds)' if code == '2_2' else 'null::numeric' }} as seconds
    from {{ kept(model) if of_kept else ref(model) }}
    {{ only_changed('evidence_key') }}
    group by 2, 3, 4, 5, 6
    union all
    {% endfor %}
    {% for code in dossier_plan_items() %}
    {%- set model = 'plan_item_' ~ code %}
    select
        'plan' as kind,
        item_code as code,
        unit_code,
        period_type,
        period_start,
        procedure_code as counted_code,
        count(*) as things,
        count(*) filter (where in_numerator) as things_in,
        null::numeric as seconds
    from {{ kept(model) if of_kept else ref(model) }}
    {{ only_changed('dossier_code') }}
    group by 2, 3, 4, 5, 6
    union all
    {% endfor %}
    {%- set model = 'int_dossier_step' %}
    select
        'step' as kind,
        code,
        unit_code,
        period_type,
        period_start,
        counted_code,
        count(*) as things,
        count(*) filter (where is_late) as things_in,
        sum(seconds) as seconds
    from {{ kept(model) if of_kept else ref(model) }}
    {{ only_changed('dossier_code') }}
    group by 2, 3, 4, 5, 6
    union all
    {% for kind in ['use', 'work'] %}
    {%- set model = 'int_dossier_' ~ kind %}
    select
        '{{ kind }}' as kind,
        code,
        unit_code,
        period_type,
        period_start,
        counted_code,
        count(*) as things,
        count(*) as things_in,
        null::numeric as seconds
    from {{ kept(model) if of_kept else ref(model) }}
    {{ only_changed('dossier_code') }}
    group by 2, 3, 4, 5, 6
    {{ 'union all' if not loop.last }}
    {% endfor %}
{% endmacro %}
