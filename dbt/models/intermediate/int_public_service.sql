-- One row per online service and unit that it is named for, public ones only; unit_code is null for a service named for
-- none.
select
    service.service_code,
    service.procedure_code,
    service.online_level,
    service.unit_code
from {{ ref('stg_online_services') }} as service
where
    service.state in ('cong_khai', 'cho_dung_cong_khai', 'kiem_thu')
    and (
        service.unit_code is not null
        or not exists (
            select from {{ ref('stg_online_services') }} as named
            where
                named.service_code = service.service_code
                and named.unit_code is not null
                and named.state in ('cong_khai', 'cho_dung_cong_khai', 'kiem_thu')
        )
    )
