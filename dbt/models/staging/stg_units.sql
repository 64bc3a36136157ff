-- One row per administrative unit, newest version.
select
    madonvi as unit_code,
    tendonvi as unit_name,
    case cap when 'xa' then 'commune' when 'so' then 'agency' when 'tinh' then 'province' end as unit_level,
    madonvicha as parent_unit_code,
    magso as gso_code,
    coalesce(chungthucbansaodientu = 1, false) as certifies_copies
from {{ newest_version('units') }} as version
