-- One row per item of the plan without a target.
select
    'Tệp dbt/seeds/law/plan_targets.csv không có dòng nào của mục ' || item.item_code
    || ': hãy thêm dòng đó' as sentence
from {{ ref('plan_items') }} as item
left join {{ ref('plan_targets') }} as rule on rule.item_code = item.item_code
where rule.item_code is null
