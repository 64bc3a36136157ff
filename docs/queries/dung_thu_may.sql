-- Đơn vị đứng thứ mấy trong tháng, quý, năm; còn cách hạng mục tiêu và hạng liền trên bao nhiêu điểm?
select
    ranking.period_type,
    ranking.period_start,
    ranking.rank,
    ranking.rank_of,
    ranking.total_score,
    ranking.source,
    ranking.gap_to_target_rank,
    ranking.gap_to_next
from marts.unit_ranking as ranking
where ranking.unit_code = 'H24.999'
order by ranking.period_start desc, ranking.period_type;
