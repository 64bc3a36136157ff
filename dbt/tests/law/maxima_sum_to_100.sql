-- One row per profile, unit level and first day of a rule on which the maxima of all indicators are not 100 points.
select
    change.profile,
    change.unit_level,
    change.valid_from,
    sum(rule.max_score) as points
from (select distinct profile, unit_level, valid_from from {{ ref('scoring_rules') }}) as change
inner join {{ ref('scoring_rules') }} as rule
    on
        change.profile = rule.profile
        and change.unit_level = rule.unit_level
        and change.valid_from between rule.valid_from and rule.valid_to
group by change.profile, change.unit_level, change.valid_from
having sum(rule.max_score) <> 100
