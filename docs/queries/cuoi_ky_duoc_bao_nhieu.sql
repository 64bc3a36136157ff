-- Đến cuối tháng, quý, năm đơn vị có thể đạt bao nhiêu điểm (khoảng tin cậy 80 %)?
select
    forecast.period_type,
    forecast.ends_on,
    forecast.working_days_left,
    forecast.score_now,
    forecast.expected_score,
    forecast.low_score,
    forecast.high_score
from marts.score_forecast as forecast
where forecast.unit_code = 'H24.999'
order by forecast.period_start desc, forecast.period_type;
