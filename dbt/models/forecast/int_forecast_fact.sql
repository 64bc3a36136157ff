-- One row per indicator that asks for a fact of a dossier, unit and current period: what is expected to be in the
-- numerator of the dossiers that will come, and which of those at hand will move in.
-- Shares are those of the dossiers received in the unit's window, finished and open ones apart: much is entered when a
-- dossier is finished. What is open now and due before the period's end is finished by then.
{% set received = ['1_4', '3_3', '3_6'] %}
{% set handled = ['4_1', '4_2', '4_3', '4_4', '4_5b'] %}
with fact as (
    -- a dossier stands in several months, and is received in one
    {% for code in received + handled %}
    select
        indicator_code,
        unit_code,
        period_start,
        evidence_key as dossier_code,
        in_numerator,
        {{ 'true' if code in handled else 'false' }} as may_move
    from {{ ref('indicator_' ~ code) }}
    where period_type = 'month' and period_start >= {{ first_recent_month() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

recent as (
    select
        fact.indicator_code,
        fact.unit_code,
        fact.may_move,
        count(*) as things,
        avg(fact.in_numerator::integer) as share,
        coalesce(
            avg(fact.in_numerator::integer) filter (where today.finished_at is not null),
            avg(fact.in_numerator::integer)
        ) as finished_share,
        coalesce(
            avg(fact.in_numerator::integer) filter (where today.finished_at is null),
            avg(fact.in_numerator::integer)
        ) as open_share
    from fact
    inner join {{ ref('int_forecast_window') }} as recent on recent.unit_code = fact.unit_code
    inner join {{ ref('int_dossier_now') }} as today
        on
            today.dossier_code = fact.dossier_code
            and today.unit_code = fact.unit_code
            and today.received_at >= recent.first_day
            and fact.period_start = date_trunc('month', today.received_at)
    where today.received_at >= {{ first_recent_month() }}
    group by fact.indicator_code, fact.unit_code, fact.may_move
),

moving as (
    select
        thing.indicator_code,
        thing.unit_code,
        thing.period_type,
        thing.period_start,
        count(*) as things
    from {{ ref('int_open_thing') }} as thing
    inner join {{ ref('int_current_period') }} as period using (period_type, period_start)
    inner join {{ ref('int_dossier_now') }} as today
        on today.dossier_code = thing.evidence_key and today.unit_code = thing.unit_code
    where
        thing.evidence_kind = 'dossier'
        and thing.indicator_code in ('4.1', '4.2', '4.3', '4.4', '4.5b')
        and not thing.in_numerator
        and period.days_left > 0
        and today.due_at + today.supplement_time < period.ends_at
    group by thing.indicator_code, thing.unit_code, thing.period_type, thing.period_start
),

shares as (
    select
        recent.indicator_code,
        recent.unit_code,
        period.period_type,
        period.period_start,
        recent.things::numeric / recent_days.days * period.days_left as new_things,
        recent.things as seen_things,
        case
            when recent.may_move
                then recent.open_share + coming.finished_share * (recent.finished_share - recent.open_share)
            else recent.share
        end as new_share,
        -- of the open ones outside the numerator, those that come in when they are finished
        greatest(recent.finished_share - recent.open_share, 0) / nullif(1 - recent.open_share, 0) as moving_share
    from recent
    cross join {{ ref('int_current_period') }} as period
    inner join {{ ref('int_forecast_window') }} as recent_days on recent_days.unit_code = recent.unit_code
    inner join {{ ref('int_forecast_new') }} as coming
        on
            coming.kind = 'dossier'
            and coming.unit_code = recent.unit_code
            and coming.period_type = period.period_type
)

select
    shares.indicator_code,
    shares.unit_code,
    shares.period_type,
    shares.period_start,
    shares.new_things,
    shares.new_things * shares.new_share as new_in,
    shares.seen_things,
    coalesce(moving.things * shares.moving_share, 0) as moved_in,
    coalesce(moving.things * shares.moving_share * (1 - shares.moving_share), 0) as moved_variance
from shares
left join moving using (indicator_code, unit_code, period_type, period_start)
