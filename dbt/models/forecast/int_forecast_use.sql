-- One row per procedure or service of a unit that was not yet used in the current period (3.2, 3.5a, 3.5b, 4.5a), with
-- the probability that it is used by the period's end.
-- Uses come evenly, as often as lately (int_forecast_span). Those that were not used then are used, all together, as
-- often as those that were used just once (Good and Turing); the others a little less often than they were, as some
-- were used by luck: the fewer were used twice, the more of those used once (absolute discounting of Ney and Kneser).
{{ config(pre_hook="{{ hash_joins() }}") }}
with recent_use as (
    select
        dossier.unit_code,
        dossier.received_at::date as day,
        use.indicator_code,
        dossier.procedure_code as thing_code,
        count(*) as uses
    from {{ ref('int_dossier') }} as dossier
    inner join lateral (
        values
        ('3.5a', dossier.has_fee_amount),
        ('3.5b', dossier.is_paid_online),
        ('4.5a', dossier.uses_population_data)
    ) as use (indicator_code, is_use) on use.is_use
    where
        dossier.is_of_known_unit
        and dossier.happened_at >= {{ first_recent_month() }}
        and dossier.received_at < {{ as_of() }}
    group by 1, 2, 3, 4
    union all
    select
        unit_code,
        happened_at::date as day,
        '3.2' as indicator_code,
        service_code as thing_code,
        count(*) as uses
    from {{ ref('int_dossier') }}
    where
        is_online
        and is_of_known_unit
        and happened_at >= {{ first_recent_month() }}
        and happened_at < {{ as_of() }}
    group by 1, 2, 3, 4
),

-- where the span is the period so far, the sums are at hand
own_use as (
    select
        recent_use.indicator_code,
        span.unit_code,
        span.period_type,
        recent_use.thing_code,
        recent_use.uses
    from recent_use
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = recent_use.unit_code
    inner join {{ ref('int_forecast_span') }} as span
        on
            span.unit_code = tree.ancestor_code
            and span.first_day < span.period_start
            and recent_use.day >= span.first_day
    union all
    select
        so_far.code as indicator_code,
        span.unit_code,
        span.period_type,
        so_far.counted_code as thing_code,
        so_far.things as uses
    from {{ ref('int_dossier_sum') }} as so_far
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = so_far.unit_code
    inner join {{ ref('int_forecast_span') }} as span
        on
            span.unit_code = tree.ancestor_code
            and span.first_day >= span.period_start
            and span.period_type = so_far.period_type
            and span.period_start = so_far.period_start
    where so_far.kind = 'use'
),

used as (
    select
        indicator_code,
        unit_code,
        period_type,
        thing_code,
        sum(uses) as uses
    from own_use
    group by 1, 2, 3, 4
),

thing as (
    {% for code in ['3_2', '3_5a', '3_5b', '4_5a'] %}
    select
        thing.indicator_code,
        thing.evidence_key as thing_code,
        thing.in_numerator,
        span.*
    from {{ ref('indicator_' ~ code) }} as thing
    inner join {{ ref('int_forecast_span') }} as span
        on
            span.unit_code = thing.unit_code
            and span.period_type = thing.period_type
            and span.period_start = thing.period_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

paced as (
    select
        thing.*,
        coalesce(used.uses, 0) as uses,
        count(*) filter (where used.uses is null) over of_unit as unused,
        count(*) filter (where used.uses = 1) over of_unit as used_once,
        count(*) filter (where used.uses = 2) over of_unit as used_twice
    from thing
    left join used
        on
            used.indicator_code = thing.indicator_code
            and used.unit_code = thing.unit_code
            and used.period_type = thing.period_type
            and used.thing_code = thing.thing_code
    window of_unit as (partition by thing.indicator_code, thing.unit_code, thing.period_type)
)

select
    indicator_code,
    unit_code,
    period_type,
    period_start,
    thing_code,
    1 - exp(
        -case
            when uses = 0 then used_once::numeric / unused
            else uses - coalesce(used_once::numeric / nullif(used_once + 2 * used_twice, 0), 0)
        end / days * days_left
    ) as probability
from paced
where not in_numerator
