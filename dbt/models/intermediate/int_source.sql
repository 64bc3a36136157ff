-- One row per source, with its Vietnamese name. A copy: a seed is emptied first, and would wait for whoever reads the
-- live marts.
select
    source,
    source_name
from {{ ref('sources') }}
