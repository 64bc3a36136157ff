-- One row per item of the plan, unit and period with something counted: how many things, how many of them in.
with counted as (
    select
        code as item_code,
        'own' as scope,
        unit_code,
        period_type,
        period_start,
        sum(things) as things,
        sum(things_in) as things_in
    from {{ ref('int_dossier_sum') }}
    where kind = 'plan'
    group by 1, 2, 3, 4, 5
    {% for code in other_plan_items() %}
    union all
    select
        item_code,
        scope,
        unit_code,
        period_type,
        period_start,
        things,
        things_in
    from {{ ref('plan_item_' ~ code) }}
    {% endfor %}
)

select
    counted.item_code,
    shown.unit_code,
    counted.period_type,
    counted.period_start,
    sum(counted.things) as things,
    sum(counted.things_in) as things_in
from counted
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = counted.scope and shown.counted_unit_code = counted.unit_code
group by 1, 2, 3, 4
union all
select
    item.item_code,
    indicator.unit_code,
    indicator.period_type,
    indicator.period_start,
    indicator.denominator as things,
    indicator.numerator as things_in
from {{ ref('plan_items') }} as item
inner join {{ ref('int_indicator_count') }} as indicator on indicator.indicator_code = item.indicator_code
where indicator.has_source
