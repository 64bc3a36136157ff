-- One row per unit, current period and procedure of the unit that is missing from the numerator of 3.5a, 3.5b or 4.5a.
with lacking as (
    {% for code in ['3_5a', '3_5b', '4_5a'] %}
    select
        thing.unit_code,
        thing.period_type,
        thing.period_start,
        thing.procedure_code,
        thing.indicator_code
    from {{ ref('indicator_' ~ code) }} as thing
    inner join {{ ref('int_current_period') }} using (period_type, period_start)
    where not thing.in_numerator
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    unit_code,
    period_type,
    period_start,
    procedure_code,
    array_agg(indicator_code order by indicator_code) filter (where indicator_code in ('3.5a', '3.5b')) as of_payment,
    array_agg(indicator_code) filter (where indicator_code = '4.5a') as of_population
from lacking
group by unit_code, period_type, period_start, procedure_code
