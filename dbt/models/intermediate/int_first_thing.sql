-- One row: when the first dossier or petition of a known unit came; no period that ended before it has rows.
select
    least(
        (
            select min(dossier.happened_at)
            from {{ ref('int_dossier') }} as dossier
            where dossier.is_of_known_unit
        ),
        (
            select min(petition.sent_at)
            from {{ ref('stg_petitions') }} as petition
            inner join {{ ref('int_unit') }} as unit on unit.unit_code = petition.unit_code
        )
    ) as happened_at
