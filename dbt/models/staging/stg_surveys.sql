-- One row per answered satisfaction form, newest version. answers: every column that no field of the source is; the
-- questions are those with a number.
select
    maphieu as survey_code,
    madonvi as unit_code,
    ngaykhaosat as answered_at,
    extra as answers
from {{ newest_version('surveys') }} as version
