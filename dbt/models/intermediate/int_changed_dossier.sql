-- One row per dossier that may stand otherwise now than in the tables that are kept; none where all is built anew.
{% if not is_kept() %}
select null::text as dossier_code
where false
{% else %}
select distinct changed.dossier_code
from (
    select version.mahoso as dossier_code
    from {{ source('raw', 'dossiers') }} as version
    where {{ came_since('version') }}
    union all
    select version.mahoso as dossier_code
    from {{ source('raw', 'ratings') }} as version
    where {{ came_since('version') }}
    union all
    -- also the dossier that the petition named before
    select named.mahoso as dossier_code
    from {{ source('raw', 'petitions') }} as version
    inner join {{ source('raw', 'petitions') }} as named on named.row_key = version.row_key
    where {{ came_since('version') }} and named.mahoso is not null
    union all
    -- what a procedure says of its dossiers; and the service of one that names none
    select dossier.dossier_code
    from {{ kept('int_dossier') }} as dossier
    where
        dossier.procedure_code in (
            select version.matthc
            from {{ source('raw', 'procedures') }} as version
            where {{ came_since('version') }}
            union all
            select named.matthc
            from {{ source('raw', 'online_services') }} as version
            inner join {{ source('raw', 'online_services') }} as named on named.madvc = version.madvc
            where {{ came_since('version') }}
        )
    union all
    -- what only the passing of time changes
    select moment.dossier_code
    from {{ kept('int_dossier_moment') }} as moment
    where moment.comes_at < {{ as_of() }}
    union all
    -- a new month (and perhaps quarter and year) or a new report period: what was unfinished counts in it, too
    select today.dossier_code
    from {{ kept('int_dossier_now') }} as today
    where
        today.{{ left_report_at() }} is null
        and (
            date_trunc('month', date '{{ var("since").as_of_day }}')
            <> date_trunc('month', date '{{ var("as_of_day") }}')
            or exists (
                select calendar.period_start  -- Citus brings no rows without a column to the workers
                from {{ ref('int_report_calendar') }} as calendar
                where
                    calendar.period_start > date '{{ var("since").as_of_day }}'
                    and calendar.period_start <= date '{{ var("as_of_day") }}'
            )
        )
) as changed
{% endif %}
