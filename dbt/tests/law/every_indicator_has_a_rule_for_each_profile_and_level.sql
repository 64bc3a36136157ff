-- One row per profile, unit level and indicator without a rule.
select
    profile.profile,
    level.unit_level,
    indicator.indicator_code
from {{ ref('indicators') }} as indicator
cross join (select distinct profile from {{ ref('scoring_rules') }}) as profile
cross join (select distinct unit_level from {{ ref('scoring_rules') }}) as level
where
    not exists (
        select 1
        from {{ ref('scoring_rules') }} as rule
        where
            rule.profile = profile.profile
            and rule.unit_level = level.unit_level
            and rule.indicator_code = indicator.indicator_code
    )
