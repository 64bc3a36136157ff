-- One row per month, quarter and year from the first dossier or petition through the one that holds the last second
-- before A.
-- number is the period's only within a build. seen_at is T of the rule book: everything is looked at as at that moment.
-- ends_on is the period's last day.
with period as (
    select
        kind.period_type,
        starts.starts_at,
        starts.starts_at + kind.length as ends_at
    from {{ ref('int_first_thing') }} as first_thing
    cross join (
        values
        ('month', interval '1 month'),
        ('quarter', interval '3 months'),
        ('year', interval '1 year')
    ) as kind (period_type, length)
    cross join lateral generate_series(
        date_trunc(kind.period_type, first_thing.happened_at),
        {{ as_of() }} - interval '1 second',
        kind.length
    ) as starts (starts_at)
)

select
    row_number() over (order by starts_at, period_type)::integer as number,
    period_type,
    starts_at::date as period_start,
    (ends_at - interval '1 day')::date as ends_on,
    starts_at,
    ends_at,
    least(ends_at, {{ as_of() }}) as seen_at
from period
