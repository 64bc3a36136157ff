-- One row per unit, period and indicator: its numerator and denominator, also where nothing happened.
-- factor_*: the ratio of 1.4, with which that of 3.3 is multiplied.
with expected as (
    select
        unit.unit_code,
        unit.unit_level,
        period.period_type,
        period.period_start,
        period.ends_on,
        indicator.indicator_code,
        came.source is not null as has_source
    from {{ ref('int_unit') }} as unit
    cross join {{ ref('int_period') }} as period
    cross join {{ ref('indicators') }} as indicator
    inner join {{ ref('source_of_indicator') }} as needed on needed.indicator_code = indicator.indicator_code
    left join {{ ref('int_source_that_came') }} as came on came.source = needed.source
    where unit.unit_level is not null
),

count_ as (
    select
        expected.*,
        case expected.indicator_code
            when '2.2' then coalesce(round(counted.seconds / 3600, 2), 0)
            else coalesce(counted.things_in, 0)
        end as numerator,
        case expected.indicator_code
            when '1.4' then {{ dossiers_to_synchronise('counted.things', 'portal.dossiers', 'national.dossiers') }}
            else coalesce(counted.things, 0)
        end as denominator
    from expected
    left join {{ ref('int_indicator_total') }} as counted using (unit_code, period_type, period_start, indicator_code)
    left join {{ ref('int_national_count') }} as national using (unit_code, period_type, period_start)
    left join {{ ref('int_portal_count') }} as portal using (unit_code, period_type, period_start)
)

select
    count_.*,
    count_.indicator_code = '3.3' as has_factor,
    factor.numerator as factor_numerator,
    factor.denominator as factor_denominator
from count_
left join count_ as factor
    on
        count_.indicator_code = '3.3'
        and factor.indicator_code = '1.4'
        and factor.unit_code = count_.unit_code
        and factor.period_type = count_.period_type
        and factor.period_start = count_.period_start
