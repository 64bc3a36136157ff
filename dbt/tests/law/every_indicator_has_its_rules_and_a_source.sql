-- One row per profile, unit level and indicator without a rule, and per indicator without a source.
select
    'Tệp dbt/seeds/law/scoring_rules.csv không có dòng nào của bộ quy tắc ' || profile.profile
    || ', chỉ số ' || indicator.indicator_code || ', cấp ' || level.unit_level || ': hãy thêm dòng đó' as sentence
from {{ ref('indicators') }} as indicator
cross join (select distinct profile from {{ ref('scoring_rules') }}) as profile
cross join (values ('commune'), ('agency'), ('province')) as level (unit_level)
left join {{ ref('scoring_rules') }} as rule
    on
        profile.profile = rule.profile
        and level.unit_level = rule.unit_level
        and indicator.indicator_code = rule.indicator_code
where rule.indicator_code is null
union all
select
    'Tệp dbt/seeds/reference/source_of_indicator.csv không có dòng nào của chỉ số ' || indicator.indicator_code
    || ': hãy thêm dòng đó'
from {{ ref('indicators') }} as indicator
left join {{ ref('source_of_indicator') }} as needed on indicator.indicator_code = needed.indicator_code
where needed.source is null
