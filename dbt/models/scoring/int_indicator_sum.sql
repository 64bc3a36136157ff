-- One row per indicator, unit, period and, where dossiers are counted, procedure: how many things, how many of them in.
-- Summed before the union: one hash of each indicator's own rows instead of one sort of everything.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start', 'indicator_code']}]) }}
with counted as (
    select
        indicator_code,
        'own' as scope,
        unit_code,
        period_type,
        period_start,
        counted_code as procedure_code,
        things,
        things_in,
        seconds
    from {{ ref('int_dossier_sum') }}
    where not is_use
    {% for code in other_indicators() %}
    union all
    select
        indicator_code,
        scope,
        unit_code,
        period_type,
        period_start,
        null as procedure_code,
        count(*) as things,
        count(*) filter (where in_numerator) as things_in,
        null as seconds
    from {{ ref('indicator_' ~ code) }}
    group by 1, 2, 3, 4, 5
    {% endfor %}
)

select
    counted.indicator_code,
    shown.unit_code,
    counted.period_type,
    counted.period_start,
    counted.procedure_code,
    sum(counted.things) as things,
    sum(counted.things_in) as things_in,
    sum(counted.seconds) as seconds
from counted
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = counted.scope and shown.counted_unit_code = counted.unit_code
group by 1, 2, 3, 4, 5
