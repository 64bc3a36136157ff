-- One row: the as-of moment A as a period that began before everything; for the state of things today.
select
    'as_of' as period_type,
    date '-infinity' as period_start,
    date '{{ var("as_of_day") }}' as ends_on,
    timestamp '-infinity' as starts_at,
    {{ as_of() }} as ends_at,
    {{ as_of() }} as seen_at
