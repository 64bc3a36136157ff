-- One row per petition, newest version.
select
    mapakn as petition_code,
    madonvi as unit_code,
    phanloai as category,
    ngaygui as sent_at,
    ngaychuyenden as transferred_at,
    ngaytiepnhan as taken_up_at,
    ngayyeucaubosung as supplement_requested_at,
    ngaytuchoi as refused_at,
    ngaytraloi as answered_at,
    ngaycongkhai as published_at,
    coalesce(luotthich, 0) as likes,
    coalesce(luotkhongthich, 0) as dislikes,
    mapakntruoc as repeats_petition_code,
    mahoso as dossier_code,
    export_day,
    load_id
from {{ newest_version('petitions') }} as version
