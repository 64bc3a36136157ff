-- One row per profile, unit level and first day of a rule on which the maxima of all indicators are not 100 points.
-- Where an indicator has no rule or two, other tests say so.
select
    'Tệp dbt/seeds/law/scoring_rules.csv, các dòng ' || change.profile || ', cấp ' || change.unit_level
    || ', hiệu lực ngày ' || change.valid_from || ': điểm tối đa cộng lại là ' || sum(rule.max_score)
    || ', hãy sửa max_score cho đủ 100' as sentence
from (select distinct profile, unit_level, valid_from from {{ ref('scoring_rules') }}) as change
inner join {{ ref('scoring_rules') }} as rule
    on
        change.profile = rule.profile
        and change.unit_level = rule.unit_level
        and change.valid_from between rule.valid_from and rule.valid_to
group by change.profile, change.unit_level, change.valid_from
having
    sum(rule.max_score) <> 100
    and count(*) = (select count(*) from {{ ref('indicators') }})
    and count(distinct rule.indicator_code) = count(*)
