-- One row per unit and public procedure that is the unit's own or of a unit below it; a procedure counts once.
-- has_service: a public online service for it applies to the unit or to a unit below it.
with of_level as (
    select
        unit.unit_code,
        procedure.procedure_code
    from {{ ref('int_unit') }} as unit
    inner join {{ ref('int_procedure') }} as procedure
        on
            procedure.is_public
            and (procedure.province_code is null or procedure.province_code = unit.province_code)
            and (
                (unit.unit_level = 'commune' and 'xa' = any(procedure.levels))
                or (unit.unit_level = 'agency' and 'tinh' = any(procedure.levels))
                or (unit.unit_level = 'province' and procedure.levels && array['xa', 'tinh'])
            )
    where
        unit.unit_level = 'province'
        or not exists (
            select from {{ ref('stg_unit_procedures') }} as named
            where named.unit_code = unit.unit_code
        )
),

named as (
    select
        unit.unit_code,
        procedure.procedure_code
    from {{ ref('stg_unit_procedures') }} as named
    inner join {{ ref('int_unit') }} as unit
        on unit.unit_code = named.unit_code and unit.unit_level in ('commune', 'agency')
    inner join {{ ref('int_procedure') }} as procedure
        on procedure.procedure_code = named.procedure_code and procedure.is_public
),

owned as (
    select distinct
        tree.ancestor_code as unit_code,
        own.procedure_code
    from (
        select * from of_level
        union all
        select * from named
    ) as own
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = own.unit_code
)

select
    owned.unit_code,
    owned.procedure_code,
    exists(
        select from {{ ref('int_unit_service') }} as service
        where service.unit_code = owned.unit_code and service.procedure_code = owned.procedure_code
    ) as has_service
from owned
