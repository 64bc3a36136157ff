-- One row per profile, indicator, unit level and validity of its rule.
select
    rule.profile,
    rule.indicator_code,
    indicator.group_code,
    indicator.indicator_name,
    grouping_.group_name,
    rule.unit_level,
    rule.max_score,
    rule.target_ratio,
    rule.zero_denominator,
    rule.valid_from,
    rule.valid_to,
    indicator.portal_code,
    rule.legal_reference
from {{ ref('scoring_rules') }} as rule
inner join {{ ref('indicators') }} as indicator on indicator.indicator_code = rule.indicator_code
inner join {{ ref('indicator_groups') }} as grouping_ on grouping_.group_code = indicator.group_code
