-- One row per unit and period with a count of the national reporting system (1.4).
-- A month its row; a quarter the sum of its months; a year its row 0, else the sum of the months; a province its own,
-- else the sum of the units directly below.
with own as (
    select
        count_.unit_code,
        period.period_type,
        period.period_start,
        coalesce(
            sum(count_.received_dossiers) filter (where count_.count_month = 0 and period.period_type = 'year'),
            sum(count_.received_dossiers)
        ) as dossiers
    from {{ ref('stg_national_counts') }} as count_
    inner join {{ ref('int_period') }} as period
        on
            (period.period_type = 'year' and count_.count_year = extract(year from period.period_start))
            or (
                count_.count_month > 0
                and count_.count_year * 12 + count_.count_month
                between extract(year from period.starts_at) * 12 + extract(month from period.starts_at)
                and extract(year from period.ends_on) * 12 + extract(month from period.ends_on)
            )
    group by count_.unit_code, period.period_type, period.period_start
),

below as (
    select
        unit.parent_unit_code as unit_code,
        own.period_type,
        own.period_start,
        sum(own.dossiers) as dossiers
    from own
    inner join {{ ref('int_unit') }} as unit on unit.unit_code = own.unit_code
    inner join {{ ref('int_unit') }} as parent
        on parent.unit_code = unit.parent_unit_code and parent.unit_level = 'province'
    group by unit.parent_unit_code, own.period_type, own.period_start
)

select
    unit_code,
    period_type,
    period_start,
    coalesce(own.dossiers, below.dossiers) as dossiers
from own
full join below using (unit_code, period_type, period_start)
