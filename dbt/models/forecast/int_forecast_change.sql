-- One row per indicator, unit and current period that something is expected to change in: how many things will come by
-- the period's end and how many of them be in the numerator, and how many move in (below 0: out) of those at hand.
-- *_variance: of the numerator; of the things at hand, and of the shares, which a unit's few things tell only roughly.
with own as (
    select
        indicator_code,
        'own' as scope,
        unit_code,
        period_type,
        period_start,
        new_things,
        new_in,
        moved_in,
        moved_variance,
        seen_things,
        1 as things_at_once
    from {{ ref('int_forecast_fact') }}
    union all
    select
        indicator_code,
        'province' as scope,
        unit_code,
        period_type,
        period_start,
        new_things,
        new_things * new_share as new_in,
        0 as moved_in,
        0 as moved_variance,
        seen_things,
        things_at_once
    from {{ ref('int_forecast_announcement') }}
    union all
    -- 2.1 and 5.2 ask whether a thing is late, 5.4 and 5.3 also whether somebody is displeased with it
    select
        asked.indicator_code,
        'own' as scope,
        coming.unit_code,
        coming.period_type,
        coming.period_start,
        coming.things as new_things,
        coming.things * (1 - coming.late_share) * (1 - coming.finished_share * asked.displeased_share) as new_in,
        -coalesce(due.late + (due.things - due.late) * asked.displeased_share, 0) as moved_in,
        coalesce(
            due.late_variance + (due.things - due.late) * asked.displeased_share * (1 - asked.displeased_share), 0
        ) as moved_variance,
        coming.seen_things,
        1 as things_at_once
    from {{ ref('int_forecast_new') }} as coming
    left join {{ ref('int_forecast_due') }} as due using (kind, unit_code, period_type, period_start)
    inner join lateral (
        values
        ('dossier', '2.1', 0),
        ('dossier', '5.4', coming.displeased_share),
        ('petition', '5.2', 0),
        ('petition', '5.3', coming.displeased_share)
    ) as asked (kind, indicator_code, displeased_share) on asked.kind = coming.kind
    union all
    select
        indicator_code,
        'unit' as scope,
        unit_code,
        period_type,
        period_start,
        0 as new_things,
        0 as new_in,
        sum(probability) as moved_in,
        sum(probability * (1 - probability)) as moved_variance,
        0 as seen_things,
        1 as things_at_once
    from {{ ref('int_forecast_use') }}
    group by indicator_code, unit_code, period_type, period_start
)

select
    own.indicator_code,
    shown.unit_code,
    own.period_type,
    own.period_start,
    sum(own.new_things) as new_things,
    sum(own.new_in) as new_in,
    sum(own.moved_in) as moved_in,
    sum(own.moved_variance) as moved_variance,
    coalesce(
        sum(own.things_at_once * own.new_in * (own.new_things - own.new_in) / nullif(own.seen_things, 0)), 0
    ) as share_variance,
    max(own.things_at_once) as things_at_once
from own
inner join {{ ref('int_shown_for') }} as shown
    on shown.scope = own.scope and shown.counted_unit_code = own.unit_code
group by own.indicator_code, shown.unit_code, own.period_type, own.period_start
