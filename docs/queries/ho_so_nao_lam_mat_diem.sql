-- Hồ sơ nào làm mất nhiều điểm nhất trong tháng, ở những chỉ số nào, vì sao?
select
    evidence.evidence_key as dossier_code,
    string_agg(evidence.indicator_code || ' ' || evidence.reason, ', ' order by evidence.indicator_code) as reasons,
    sum(evidence.points_lost) as points_lost
from marts.indicator_evidence as evidence
where
    evidence.unit_code = 'H24.999'
    and evidence.period_type = 'month'
    and evidence.period_start = (
        select max(newest.period_start)
        from marts.fct_scorecard as newest
        where newest.period_type = 'month'
    )
    and evidence.evidence_kind = 'dossier'
    and not evidence.in_numerator
group by evidence.evidence_key
order by points_lost desc, dossier_code
limit 20;
