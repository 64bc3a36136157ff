-- One row per unit with a dossier or petition, its own or of a unit below it: the recent working days that the forecast
-- takes its pace and shares from.
{# Two months: enough things for steady shares, few enough that they are today's. #}
{% set most_days = 40 %}
with first_day as (
    select
        tree.ancestor_code as unit_code,
        min(thing.started_at)::date as day
    from (
        select
            unit_code,
            value as started_at
        from {{ of_each_unit('min(received_at)', 'int_dossier_now') }} as dossier
        union all
        select
            unit_code,
            clock_start as started_at
        from {{ ref('int_petition') }}
        where clock_start < {{ as_of() }}
    ) as thing
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = thing.unit_code
    group by tree.ancestor_code
    having min(thing.started_at) is not null
)

select
    first_day.unit_code,
    first_day.day as history_begins_on,
    min(calendar.day) as first_day,
    -- a first thing on a day off
    greatest(count(*) filter (where calendar.is_working_day), 1) as days
from first_day
inner join {{ ref('int_calendar') }} as night on night.day = date '{{ var("as_of_day") }}'
inner join {{ ref('int_calendar') }} as calendar
    on
        calendar.day between first_day.day and night.day
        and calendar.working_day_number > night.working_day_number - {{ most_days }}
group by first_day.unit_code, first_day.day
