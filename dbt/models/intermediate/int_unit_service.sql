-- One row per unit and public online service that applies to it or to a unit below it; a service counts once.
with applying as (
    select
        unit.unit_code,
        service.service_code,
        service.procedure_code
    from {{ ref('int_public_service') }} as service
    left join {{ ref('int_procedure') }} as procedure on procedure.procedure_code = service.procedure_code
    inner join {{ ref('int_unit') }} as unit
        on
            unit.unit_code = service.unit_code
            or (
                service.unit_code is null
                and (
                    (unit.unit_level = 'commune' and 'xa' = any(procedure.levels))
                    or (unit.unit_level = 'agency' and 'tinh' = any(procedure.levels))
                    or (unit.unit_level = 'province' and procedure.levels && array['xa', 'tinh'])
                )
            )
)

select
    tree.ancestor_code as unit_code,
    applying.service_code,
    min(applying.procedure_code) as procedure_code
from applying
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = applying.unit_code
group by tree.ancestor_code, applying.service_code
