-- Số liệu tự tính khác Cổng Dịch vụ công quốc gia ở đâu, và những hồ sơ, phản ánh nào có thể giải thích?
select
    compared.period_type,
    compared.period_start,
    compared.indicator_code,
    compared.explanation,
    compared.own_numerator,
    compared.portal_numerator,
    compared.own_denominator,
    compared.portal_denominator,
    count(difference.evidence_key) as things_that_could_explain
from marts.portal_reconciliation as compared
left join marts.portal_difference as difference
    on
        difference.unit_code = compared.unit_code
        and difference.period_type = compared.period_type
        and difference.period_start = compared.period_start
        and difference.indicator_code = compared.indicator_code
where
    compared.unit_code = 'H24.999'
    and compared.explanation in ('population_differs', 'numerator_differs')
group by
    compared.period_type,
    compared.period_start,
    compared.indicator_code,
    compared.explanation,
    compared.own_numerator,
    compared.portal_numerator,
    compared.own_denominator,
    compared.portal_denominator
order by compared.period_start desc, compared.period_type, compared.indicator_code;
