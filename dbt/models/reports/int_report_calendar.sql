-- One row per report period from 2000 to 2049 whose rule is in force on its last day (seed report_periods).
select
    rule.period_type,
    span.starts_at::date as period_start,
    (span.starts_at + span.length - interval '1 day')::date as period_end,
    year.number
    || case rule.period_type
        when 'month' then '-' || lpad(period.number::text, 2, '0')
        when 'quarter' then '-Q' || period.number
        when 'half_year' then '-H' || period.number
        else ''
    end as period_code
from {{ ref('report_periods') }} as rule
cross join generate_series(2000, 2049) as year (number)
cross join lateral generate_series(1, rule.periods) as period (number)
cross join
    lateral (
        values
        (
            make_date(year.number - 1, rule.starts_in_month, rule.starts_on_day)
            + (period.number - 1) * rule.months * interval '1 month',
            rule.months * interval '1 month'
        )
    ) as span (starts_at, length)
where (span.starts_at + span.length - interval '1 day')::date between rule.valid_from and rule.valid_to
