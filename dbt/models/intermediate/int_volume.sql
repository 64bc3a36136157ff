-- One row per source and export day with enough days of its kind before it: its rows, and what those lead to expect.
-- A live view, like data_status, and so of dim_date: no table of Citus, which would ask for ops in the name of a reader
-- who may not enter it. Only earlier days count, so what comes for later ones changes no warning.
{{ config(materialized='view') }}
{# Of one weekday a quarter: enough for a steady median, few enough that the ups and downs of the year do not matter. #}
{% set most_days = 12 %}
{# A month of one weekday: of four days one may be a full dump, and the median is still that of the others. #}
{% set fewest_days = 4 %}
{# The widest of three ranges is the one that counts. Half to double: a quiet and a busy day. #}
{% set factor = 2 %}
{# Five times the usual distance from the median (itself the median of the distances), where days differ much. #}
{% set distances = 5 %}
{# Ten rows up and down: what brings a few rows a day doubles by chance. #}
{% set least_difference = 10 %}
with newest_sending as (
    -- A file that was sent again replaces what came under its name.
    select distinct on (source, export_day, file_name)
        source,
        export_day,
        rows_read
    from {{ ref('int_received_file') }}
    where state = 'loaded'
    order by source, export_day, file_name, file_id desc
),

volume as (
    select
        source,
        export_day,
        sum(rows_read)::bigint as rows_read
    from newest_sending
    group by source, export_day
),

kind_of_day as (
    select
        volume.source,
        volume.export_day,
        volume.rows_read,
        calendar.is_working_day,
        extract(isodow from volume.export_day)::integer as weekday,
        calendar.is_working_day = (extract(isodow from volume.export_day) < 6) as is_ordinary
    from volume
    inner join {{ ref('dim_date') }} as calendar on calendar.day = volume.export_day
),

earlier as (
    select
        *,
        array_agg(rows_read) over weekday_before as same_weekday,
        array_agg(rows_read) over kind_before as same_kind
    from kind_of_day
    window
        weekday_before as (
            partition by source, is_working_day, weekday order by export_day
            rows between {{ most_days }} preceding and 1 preceding
        ),
        kind_before as (
            partition by source, is_working_day order by export_day
            rows between {{ most_days }} preceding and 1 preceding
        )
),

compared as (
    -- Of holidays and working Saturdays there are too few: they compare with all days off, all working days.
    select
        source,
        export_day,
        rows_read,
        case when is_ordinary then same_weekday else same_kind end as earlier_rows,
        concat_ws(
            ' ',
            'các',
            case
                when is_ordinary
                    then (array['thứ Hai', 'thứ Ba', 'thứ Tư', 'thứ Năm', 'thứ Sáu', 'thứ Bảy', 'Chủ nhật'])[weekday]
                else 'ngày'
            end,
            case when is_working_day then 'làm việc' else 'nghỉ' end
        ) as compared_with
    from earlier
)

select
    compared.source,
    compared.export_day,
    compared.rows_read,
    compared.compared_with,
    round(usual.median)::bigint as expected_rows,
    greatest(
        0,
        floor(
            least(
                usual.median / {{ factor }},
                usual.median - {{ distances }} * spread.median,
                usual.median - {{ least_difference }}
            )
        )
    )::bigint as lowest_rows,
    ceil(
        greatest(
            usual.median * {{ factor }},
            usual.median + {{ distances }} * spread.median,
            usual.median + {{ least_difference }}
        )
    )::bigint as highest_rows
from compared
left join lateral (
    select percentile_cont(0.5) within group (order by day.rows_read) as median
    from unnest(compared.earlier_rows) as day (rows_read)
) as usual on true
left join lateral (
    select percentile_cont(0.5) within group (order by abs(day.rows_read - usual.median)) as median
    from unnest(compared.earlier_rows) as day (rows_read)
) as spread on true
where cardinality(compared.earlier_rows) >= {{ fewest_days }}
