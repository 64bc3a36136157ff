-- One row per procedure or service of a unit that was not yet used in the current period (3.2, 3.5a, 3.5b, 4.5a), with
-- the probability that it is used by the period's end.
-- Uses come evenly, as often as in the unit's window. Those that were not used there are used, all together, as often as
-- those that were used just once (Good and Turing).
with used as (
    select
        use.indicator_code,
        tree.ancestor_code as unit_code,
        dossier.procedure_code as thing_code,
        count(*) as uses
    from {{ ref('int_dossier') }} as dossier
    cross join lateral (
        values
        ('3.5a', dossier.has_fee_amount),
        ('3.5b', dossier.is_paid_online),
        ('4.5a', dossier.uses_population_data)
    ) as use (indicator_code, is_use)
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
    inner join {{ ref('int_forecast_window') }} as recent on recent.unit_code = tree.ancestor_code
    where use.is_use and dossier.received_at >= recent.first_day and dossier.received_at < {{ as_of() }}
    group by use.indicator_code, tree.ancestor_code, dossier.procedure_code
    union all
    select
        '3.2' as indicator_code,
        tree.ancestor_code as unit_code,
        dossier.service_code as thing_code,
        count(*) as uses
    from {{ ref('int_online_dossier') }} as dossier
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = dossier.unit_code
    inner join {{ ref('int_forecast_window') }} as recent on recent.unit_code = tree.ancestor_code
    where dossier.used_at >= recent.first_day and dossier.used_at < {{ as_of() }}
    group by tree.ancestor_code, dossier.service_code
),

thing as (
    {% for code in ['3_2', '3_5a', '3_5b', '4_5a'] %}
    select
        indicator_code,
        unit_code,
        period_type,
        period_start,
        evidence_key as thing_code,
        in_numerator
    from {{ ref('indicator_' ~ code) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

paced as (
    select
        thing.*,
        period.days_left,
        recent.days,
        coalesce(used.uses, 0) as uses,
        count(*) filter (where used.uses = 1) over of_unit as used_once,
        count(*) filter (where used.uses is null) over of_unit as unused
    from thing
    inner join {{ ref('int_forecast_period') }} as period using (period_type, period_start)
    inner join {{ ref('int_forecast_window') }} as recent on recent.unit_code = thing.unit_code
    left join used
        on
            used.indicator_code = thing.indicator_code
            and used.unit_code = thing.unit_code
            and used.thing_code = thing.thing_code
    window of_unit as (partition by thing.indicator_code, thing.unit_code, period.period_type)
)

select
    indicator_code,
    unit_code,
    period_type,
    period_start,
    thing_code,
    1 - exp(
        -(case when uses > 0 then uses else used_once::numeric / unused end) / days * days_left
    ) as probability
from paced
where not in_numerator
