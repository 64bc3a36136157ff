-- One row per open dossier or petition of a known unit: what it lacks and the points it decides in the current periods.
select
    evidence_kind,
    evidence_key,
    -- the words of what can still be supplied; what is late, rated or was handed in at the desk stays so
    coalesce(
        array_agg(
            distinct case reason
                when 'not_synchronised' then 'synchronisation'
                when 'not_paid_online' then 'online_payment'
                else substring(reason from '^no_(.*)$')
            end
        ) filter (where reason ~ '^no_' or reason in ('not_synchronised', 'not_paid_online')),
        '{}'
    ) as missing,
    {% for period_type in ['month', 'quarter', 'year'] %}
    coalesce(round(sum(worth) filter (where period_type = '{{ period_type }}'), 6), 0) as points_in_{{ period_type }},
    {% endfor %}
    round(sum(worth), 6) as points_at_stake,
    -- late, it falls out of 2.1 and 5.4, or of 5.2 and 5.3
    coalesce(round(sum(risk) filter (where indicator_code in ('2.1', '5.2', '5.3', '5.4')), 6), 0) as points_at_risk
from {{ ref('int_open_thing') }}
group by evidence_kind, evidence_key
