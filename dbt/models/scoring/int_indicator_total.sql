-- One row per indicator, unit and period with a counted thing: how many things, how many of them in.
-- Summed before the union: one hash of each indicator's own rows instead of one sort of everything.
{{ config(pre_hook="{{ hash_joins() }}") }}
with counted as (
    select
        code as indicator_code,
        'own' as scope,
        unit_code,
        period_type,
        period_start,
        sum(things) as things,
        sum(things_in) as things_in,
        sum(seconds) as seconds
    from {{ ref('int_dossier_sum') }}
    where kind = 'indicator'
    group by 1, 2, 3, 4, 5
    {% for code in other_indicators() %}
    union all
    select
        indicator_code,
        scope,
        unit_code,
        period_type,
        period_start,
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
    sum(counted.things) as things,
    sum(counted.things_in) as things_in,
    sum(counted.seconds) as seconds
from counted
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = counted.scope and shown.counted_unit_code = counted.unit_code
group by 1, 2, 3, 4
