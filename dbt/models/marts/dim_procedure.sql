-- One row per procedure of the catalogue.
select
    procedure.procedure_code,
    procedure.procedure_name,
    procedure.field_code,
    procedure.field_name,
    procedure.level,
    procedure.state,
    procedure.for_citizens,
    procedure.has_paper_result,
    procedure.is_fee_bearing,
    procedure.time_limit,
    procedure.time_limit_unit,
    procedure.is_boundary_free,
    procedure.is_linked,
    procedure.is_vertical,
    case
        when bool_or(service.online_level = 'toan_trinh') then 'full'
        when count(service.procedure_code) > 0 then 'partial'
        else 'none'
    end as online_level
from {{ ref('int_procedure') }} as procedure
left join {{ ref('int_public_service') }} as service on service.procedure_code = procedure.procedure_code
group by
    procedure.procedure_code,
    procedure.procedure_name,
    procedure.field_code,
    procedure.field_name,
    procedure.level,
    procedure.state,
    procedure.for_citizens,
    procedure.has_paper_result,
    procedure.is_fee_bearing,
    procedure.time_limit,
    procedure.time_limit_unit,
    procedure.is_boundary_free,
    procedure.is_linked,
    procedure.is_vertical
