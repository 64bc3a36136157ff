-- Tháng này đơn vị mất điểm nhiều nhất ở chỉ số nào, và còn thiếu bao nhiêu việc để đạt điểm tối đa?
select
    score.indicator_code,
    indicator.indicator_name,
    score.score,
    score.max_score,
    score.max_score - coalesce(score.score, 0) as points_missing,
    score.denominator - score.numerator as things_missing
from marts.fct_indicator as score
inner join marts.dim_unit as unit on unit.unit_code = score.unit_code
inner join marts.dim_indicator as indicator
    on
        indicator.profile = score.profile
        and indicator.indicator_code = score.indicator_code
        and indicator.unit_level = unit.unit_level
        and score.period_start between indicator.valid_from and indicator.valid_to
where
    score.unit_code = 'H24.999'
    and score.profile = 'portal-2026'
    and score.period_type = 'month'
    and score.period_start = (
        select max(newest.period_start)
        from marts.fct_scorecard as newest
        where newest.period_type = 'month'
    )
    and score.max_score > 0
order by points_missing desc, score.indicator_code;
