-- One row per source and export day with things of units that are not in units: they count nowhere and are named in the
-- warnings.
with thing as (
    select
        'dossiers' as source,
        dossier.export_day,
        dossier.unit_code
    from {{ ref('int_dossier') }} as dossier
    where not dossier.is_of_known_unit
    union all
    select
        'petitions' as source,
        petition.export_day,
        petition.unit_code
    from {{ ref('stg_petitions') }} as petition
    left join {{ ref('int_unit') }} as unit on unit.unit_code = petition.unit_code
    where unit.unit_code is null
)

select
    source,
    export_day,
    count(*) as things,
    string_agg(distinct unit_code, ', ' order by unit_code) as unit_codes
from thing
group by source, export_day
