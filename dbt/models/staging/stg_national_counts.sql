-- One row per unit and month of the national reporting system, newest version; month 0: the whole year.
select
    madonvi as unit_code,
    nam::integer as count_year,
    thang::integer as count_month,
    sohosotiepnhan as received_dossiers
from {{ newest_version('national_counts') }} as version
