-- One row per petition, newest version, with the start of its clock: the last transfer to the unit, else when it was
-- sent (5.2).
select
    *,
    coalesce(transferred_at, sent_at) as clock_start
from {{ ref('stg_petitions') }}
