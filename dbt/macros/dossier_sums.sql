{# What dossiers count for, by indicator, unit and period: how many, and how many of them in; by procedure, or by what
   they use. of_kept: of the tables that are kept, as they were; else of those of this build. #}
{% macro dossier_sums(of_kept) %}
    {% for code in dossier_indicators() %}
    {%- set model = 'indicator_' ~ code %}
    select
        indicator_code,
        false as is_use,
        unit_code,
        period_type,
        period_start,
        procedure_code as counted_code,
        count(*) as things,
        count(*) filter (where in_numerator) as things_in,
        {{ 'sum(seconds)' if code == '2_2' else 'null::numeric' }} as seconds
    from {{ kept(model) if of_kept else ref(model) }}
    {{ only_changed('evidence_key') }}
    group by 1, 3, 4, 5, 6
    union all
    {% endfor %}
    select
        indicator_code,
        true as is_use,
        unit_code,
        period_type,
        period_start,
        used_code as counted_code,
        count(*) as things,
        count(*) as things_in,
        null::numeric as seconds
    from {{ kept('int_dossier_use') if of_kept else ref('int_dossier_use') }}
    {{ only_changed('dossier_code') }}
    group by 1, 3, 4, 5, 6
{% endmacro %}
