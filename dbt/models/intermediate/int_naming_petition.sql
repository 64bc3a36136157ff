-- One row per dossier that a petition names, with the time of the first one.
select
    dossier_code,
    convert.to_unit_code(dossier_code) as unit_code,
    min(sent_at) as first_sent_at
from {{ ref('stg_petitions') }}
where dossier_code is not null
group by dossier_code
