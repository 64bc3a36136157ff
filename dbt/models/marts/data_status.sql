-- One row per source and export day that was run; read live from the bookkeeping, so that a failed build shows too.
{{ config(materialized='view') }}
with last_load as (
    select distinct on (file.file_id)
        file.source,
        file.export_day,
        file.file_name,
        file.bytes,
        load.load_id,
        load.rows_read,
        load.rows_accepted,
        load.rows_set_aside,
        load.is_late,
        load.refusal,
        load.warnings,
        load.loaded_at
    from {{ source('ops', 'file') }} as file
    left join {{ source('ops', 'load') }} as load on load.file_id = file.file_id
    order by file.file_id, load.load_id desc
),

received as (
    select
        source,
        export_day,
        count(*)::integer as files,
        sum(bytes)::bigint as bytes,
        sum(rows_read)::bigint as rows_read,
        sum(rows_accepted)::bigint as rows_accepted,
        sum(rows_set_aside)::bigint as rows_set_aside,
        bool_or(is_late) as is_late,
        string_agg(concat_ws('; ', refusal, warnings), '; ' order by file_name)
        filter (where num_nonnulls(refusal, warnings) > 0) as warning,
        max(load_id) as load_id,
        max(loaded_at) as loaded_at
    from last_load
    group by source, export_day
),

newest_build as (
    select
        state,
        as_of_day
    from {{ source('ops', 'build') }}
    order by build_id desc
    limit 1
)

select
    source.source,
    night.export_day,
    coalesce(received.files, 0) as files,
    coalesce(received.bytes, 0) as bytes,
    coalesce(received.rows_read, 0) as rows_read,
    coalesce(received.rows_accepted, 0) as rows_accepted,
    coalesce(received.rows_set_aside, 0) as rows_set_aside,
    coalesce(received.is_late, false) as is_late,
    received.source is null and not source.is_optional as is_missing,
    nullif(
        concat_ws(
            '; ',
            received.warning,
            case
                when received.source is null and not source.is_optional then 'Không nhận được tệp nào của nguồn này'
            end,
            unknown.things || ' dòng của đơn vị chưa có trong danh mục, chưa được tính: ' || unknown.unit_codes,
            case
                when newest_build.state = 'failed' and newest_build.as_of_day = night.export_day
                    then 'Lần dựng số liệu gần nhất bị lỗi; số liệu đang xem là của lần dựng trước'
            end
        ),
        ''
    ) as warning,
    received.loaded_at,
    (
        select min(build.published_at)
        from {{ source('ops', 'build') }} as build
        where
            build.state = 'published'
            and build.as_of_day >= night.export_day
            and build.last_load_id >= coalesce(received.load_id, 0)
    ) as built_at
from {{ source('ops', 'night') }} as night
cross join {{ source('ops', 'source') }} as source
left join received on received.source = source.source and received.export_day = night.export_day
left join {{ ref('int_unknown_unit') }} as unknown
    on unknown.source = source.source and unknown.export_day = night.export_day
left join newest_build on true
