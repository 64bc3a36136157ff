-- One row per target of the plan that is no share, where the item is one, or that stands twice: the place to reach is a
-- setting.
select
    rule.*,
    'Tệp dbt/seeds/law/plan_targets.csv, dòng ' || concat_ws(', ', rule.item_code, rule.valid_from) || ': target '
    || rule.target || ' không hợp với mục này, hãy ghi tỷ lệ từ 0 đến 1, hoặc để trống ở thứ hạng' as sentence
from {{ ref('plan_targets') }} as rule
inner join {{ ref('plan_items') }} as item on item.item_code = rule.item_code
where
    (item.measure = 'share' and rule.target not between 0 and 1)
    or (item.item_code = 'rank' and rule.target is not null)
