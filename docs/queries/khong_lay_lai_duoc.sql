-- Điểm nào đã mất hẳn trong kỳ này, việc gì cũng không lấy lại được?
select
    lost.period_type,
    lost.indicator_code,
    lost.reason_name,
    lost.things,
    round(lost.points, 2) as points
from marts.improvement_limit as lost
where lost.unit_code = 'H24.999'
order by lost.period_type, lost.points desc, lost.indicator_code;
