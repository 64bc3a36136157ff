-- One row per source of which a file was ever read.
select distinct file.source
from {{ source('ops', 'file') }} as file
inner join {{ source('ops', 'load') }} as load on load.file_id = file.file_id
where
    load.state = 'loaded'
    and load.load_id <= {{ var('last_load_id') }}
    and file.export_day <= date '{{ var("as_of_day") }}'
