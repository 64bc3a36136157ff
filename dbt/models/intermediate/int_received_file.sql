-- One row per file received, with its newest load; a live view, like data_status.
{{ config(materialized='view') }}
select distinct on (file.file_id)
    file.file_id,
    file.source,
    file.export_day,
    file.file_name,
    file.bytes,
    load.load_id,
    load.state,
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
