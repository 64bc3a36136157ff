-- Tổng điểm của tháng thay đổi thế nào qua từng đêm đã công bố (mỗi đêm lấy lần công bố sau cùng)?
with last_publication as (
    select distinct on (night.as_of_day, night.indicator_code)
        night.as_of_day,
        night.score
    from marts.fct_indicator_daily as night
    where
        night.unit_code = 'H24.999'
        and night.profile = 'portal-2026'
        and night.period_type = 'month'
        and night.period_start = date_trunc('month', night.as_of_day)::date
    order by night.as_of_day, night.indicator_code, night.built_at desc
)

select
    last_publication.as_of_day,
    sum(last_publication.score) as total_score,
    sum(last_publication.score) - lag(sum(last_publication.score)) over (order by last_publication.as_of_day) as change
from last_publication
group by last_publication.as_of_day
order by last_publication.as_of_day;
