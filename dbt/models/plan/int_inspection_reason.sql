-- One row per reason to inspect a dossier, with its Vietnamese name; a copy, as int_source is.
select
    reason,
    reason_name,
    threshold
from {{ ref('inspection_reasons') }}
