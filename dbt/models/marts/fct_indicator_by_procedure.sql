-- One row per profile, unit, period, indicator that counts dossiers, and procedure with such a dossier.
select
    score.profile,
    score.unit_code,
    score.period_type,
    score.period_start,
    score.indicator_code,
    part.procedure_code,
    coalesce(round(part.seconds / 3600, 2), part.things_in) as numerator,
    part.things as denominator,
    coalesce(round(part.seconds / 3600, 2), part.things_in) / part.things as ratio
from {{ ref('int_indicator_sum') }} as part
inner join {{ ref('int_indicator_score') }} as score using (unit_code, period_type, period_start, indicator_code)
where score.indicator_code in ('2.1', '2.2', '3.3', '3.6', '4.1', '4.2', '4.3', '4.4', '4.5b', '5.4')
