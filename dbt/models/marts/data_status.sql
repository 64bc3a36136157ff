-- One row per source and export day that was run; read live from the bookkeeping, so that a failed build shows too.
-- Files, bytes and rows are those of everything that came, a file that was sent again too.
{{ config(materialized='view') }}
with received as (
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
    from {{ ref('int_received_file') }}
    group by source, export_day
),

open_row as (
    select
        source,
        export_day,
        count(*) as rows_open
    from {{ source('set_aside', 'row') }}
    where healed_load_id is null
    group by source, export_day
),

published as (
    -- Day and newest load of a build never go back: the first build that knew both is found by bisection.
    select
        array_agg(as_of_day order by build_id) as days,
        array_agg(last_load_id order by build_id) as load_ids,
        array_agg(published_at order by build_id) as moments
    from {{ source('ops', 'build') }}
    where state = 'published'
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
            fetch_failure.sentences,
            case
                when received.source is null and not source.is_optional
                    then 'Không nhận được tệp nào của nguồn ' || source_name.source_name
            end,
            case
                when volume.rows_read not between volume.lowest_rows and volume.highest_rows
                    then
                        'Số dòng ' || {{ row_count('volume.rows_read') }}
                        || case
                            when volume.rows_read < received.rows_read then ' (mỗi tệp tính lần gửi cuối)' else ''
                        end
                        || ' khác thường: ' || volume.compared_with || ' trước đó thường có khoảng '
                        || {{ row_count('volume.expected_rows') }} || ' dòng, ngưỡng từ '
                        || {{ row_count('volume.lowest_rows') }} || ' đến ' || {{ row_count('volume.highest_rows') }}
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
    published.moments[
        1 + greatest(
            width_bucket(night.export_day - 1, published.days),
            width_bucket(coalesce(received.load_id, 0) - 1, published.load_ids)
        )
    ] as built_at,
    source_name.source_name,
    coalesce(open_row.rows_open, 0) as rows_set_aside_open
from {{ source('ops', 'night') }} as night
cross join {{ source('ops', 'source') }} as source
left join {{ ref('int_source') }} as source_name on source_name.source = source.source
left join received on received.source = source.source and received.export_day = night.export_day
left join lateral (
    select string_agg(failure.sentence, '; ' order by failure.sentence) as sentences
    from {{ source('ops', 'fetch_failure') }} as failure
    where failure.export_day = night.export_day and coalesce(failure.source, source.source) = source.source
) as fetch_failure on true
left join open_row on open_row.source = source.source and open_row.export_day = night.export_day
left join {{ ref('int_volume') }} as volume
    on volume.source = source.source and volume.export_day = night.export_day
left join {{ ref('int_unknown_unit') }} as unknown
    on unknown.source = source.source and unknown.export_day = night.export_day
cross join published
left join newest_build on true
