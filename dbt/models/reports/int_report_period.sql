-- One row per report period from the first dossier or petition through those that hold the last second before A.
-- seen_at is T of the rule book, as in int_period.
select
    calendar.period_type,
    calendar.period_start,
    calendar.period_end as ends_on,
    calendar.period_code,
    calendar.period_start::timestamp as starts_at,
    least((calendar.period_end + 1)::timestamp, {{ as_of() }}) as seen_at
from {{ ref('int_report_calendar') }} as calendar
cross join {{ ref('int_first_thing') }} as first_thing
where calendar.period_end >= first_thing.happened_at::date and calendar.period_start < {{ as_of() }}
