-- One row per rating of a dossier, with the moment of the next one: the latest before T is the one with rated_at < T <=
-- replaced_at.
{{ config(indexes=[{'columns': ['dossier_code']}]) }}
select
    dossier_code,
    unit_code,
    rating,
    rated_at,
    lead(rated_at, 1, timestamp 'infinity') over (partition by dossier_code order by rated_at) as replaced_at
from {{ ref('stg_ratings') }}
{{ only_changed('dossier_code') }}
