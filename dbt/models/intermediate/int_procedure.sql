-- One row per procedure of the catalogue.
select
    procedure_code,
    procedure_name,
    field_code,
    field_name,
    level,
    province_code,
    state,
    time_limit,
    time_limit_unit,
    coalesce(state in ('cong_khai', 'cong_khai_sua_doi'), false) as is_public,
    string_to_array(replace(coalesce(level, ''), ' ', ''), ';') as levels,
    coalesce('cong_dan' = any(string_to_array(replace(applicants, ' ', ''), ';')), false) as for_citizens,
    coalesce(paper_result = 1, false) as has_paper_result,
    coalesce(fee > 0, false) or coalesce(charge > 0, false) as is_fee_bearing,
    coalesce(boundary_free = 1, false) as is_boundary_free,
    coalesce(linked = 1, false) as is_linked,
    coalesce(vertical = 1, false) as is_vertical,
    -- the seven components of Decree 63/2010, Article 8(2)
    num_nulls(procedure_name, steps, ways, components, time_limit, applicants, authority) = 0 as is_complete
from {{ ref('stg_procedures') }}
