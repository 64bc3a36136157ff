-- Thủ tục nào trong năm có nhiều hồ sơ trễ hạn nhất (chỉ số 2.1), tỷ lệ đúng hạn là bao nhiêu?
select
    part.procedure_code,
    procedure.procedure_name,
    part.denominator - part.numerator as late_dossiers,
    part.denominator as dossiers,
    round(100 * part.ratio, 1) as in_time_percent
from marts.fct_indicator_by_procedure as part
left join marts.dim_procedure as procedure on procedure.procedure_code = part.procedure_code
where
    part.unit_code = 'H24.999'
    and part.profile = 'portal-2026'
    and part.indicator_code = '2.1'
    and part.period_type = 'year'
    and part.period_start = (
        select max(newest.period_start)
        from marts.fct_scorecard as newest
        where newest.period_type = 'year'
    )
order by late_dossiers desc, part.procedure_code
limit 20;
