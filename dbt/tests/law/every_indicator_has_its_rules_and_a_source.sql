-- One row per profile, unit level and indicator without a rule, and per indicator without a source.
select
    profile.profile,
    level.unit_level,
    indicator.indicator_code
from {{ ref('indicators') }} as indicator
cross join (select distinct profile from {{ ref('scoring_rules') }}) as profile
cross join (select distinct unit_level from {{ ref('scoring_rules') }}) as level
left join {{ ref('scoring_rules') }} as rule
    on
        profile.profile = rule.profile
        and level.unit_level = rule.unit_level
        and indicator.indicator_code = rule.indicator_code
left join {{ ref('source_of_indicator') }} as needed on indicator.indicator_code = needed.indicator_code
where rule.indicator_code is null or needed.source is null
