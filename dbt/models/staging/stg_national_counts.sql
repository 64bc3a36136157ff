-- One row per unit and month of the national reporting system, newest version; month 0: the whole year.
select
    madonvi as unit_code,
    nam as count_year,
    thang as count_month,
    sohosotiepnhan as received_dossiers
from {{ newest_version('national_counts') }} as version
where nam = trunc(nam) and thang in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
