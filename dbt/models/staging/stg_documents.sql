-- One row per outgoing document, newest version.
select
    madonvi as unit_code,
    sokyhieu as document_code,
    ngaybanhanh as issued_at,
    guidientu as sent_electronically,
    kysocanhan as signed_by_person
from {{ newest_version('documents') }} as version
