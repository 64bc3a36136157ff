-- One row per request for a supplement to a dossier (a row of DanhSachHoSoBoSung that has a time).
{{ config(indexes=[{'columns': ['dossier_code']}]) }}
select
    dossier.dossier_code,
    dossier.unit_code,
    item.requested_at,
    item.arrived_at
from {{ ref('int_dossier') }} as dossier
cross join lateral jsonb_array_elements(dossier.supplements) as element (value)
inner join lateral (
    select
        convert.to_time(element.value ->> 'NgayBoSung') as requested_at,
        convert.to_time(element.value ->> 'NgayTiepNhanBoSung') as arrived_at
) as item on true
where
    item.requested_at is not null
    {{ only_changed('dossier.dossier_code', 'and') }}
