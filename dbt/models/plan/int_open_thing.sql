-- One row per open dossier or petition of a known unit, current period and indicator that counts it.
-- worth: what the unit's total would rise by if it moved into the numerator; risk: what it would fall by without it.
{% set dossier_indicators = ['1_4', '2_1', '3_3', '3_6', '4_1', '4_2', '4_3', '4_4', '4_5b', '5_4'] %}
{% set petition_indicators = ['5_2', '5_3'] %}
with opened as (
    select
        'dossier' as evidence_kind,
        dossier_code as evidence_key,
        unit_code
    from {{ ref('int_dossier_now') }}
    where state in ('open_in_time', 'open_overdue')
    union all
    select
        'petition' as evidence_kind,
        petition_code as evidence_key,
        unit_code
    from {{ ref('int_petition_now') }}
    where state in ('open_in_time', 'open_overdue')
),

counted as (
    {% for code in dossier_indicators + petition_indicators %}
    select
        thing.indicator_code,
        thing.unit_code,
        thing.period_type,
        thing.period_start,
        thing.evidence_kind,
        thing.evidence_key,
        thing.in_numerator,
        thing.reason
    from {{ ref('indicator_' ~ code) }} as thing
    inner join {{ ref('int_current_period') }} as period
        on period.period_type = thing.period_type and period.period_start = thing.period_start
    inner join opened
        on
            opened.evidence_kind = thing.evidence_kind
            and opened.evidence_key = thing.evidence_key
            and opened.unit_code = thing.unit_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

synchronised as (
    select
        *,
        bool_or(indicator_code = '1.4' and not in_numerator)
            over (partition by period_type, period_start, evidence_kind, evidence_key) as gets_synchronised
    from counted
)

select
    thing.evidence_kind,
    thing.evidence_key,
    thing.unit_code,
    thing.period_type,
    thing.period_start,
    thing.indicator_code,
    thing.in_numerator,
    case when not thing.in_numerator then thing.reason end as reason,
    case
        when thing.in_numerator then 0
        when thing.gets_synchronised and thing.indicator_code = '3.3' then worth.gain_beside_factor
        else worth.gain
    end as worth,
    case when thing.in_numerator then worth.loss else 0 end as risk
from synchronised as thing
inner join {{ ref('int_unit') }} as unit on unit.unit_code = thing.unit_code
left join {{ ref('int_indicator_worth') }} as worth
    on
        worth.unit_code = thing.unit_code
        and worth.period_type = thing.period_type
        and worth.period_start = thing.period_start
        and worth.indicator_code = thing.indicator_code
