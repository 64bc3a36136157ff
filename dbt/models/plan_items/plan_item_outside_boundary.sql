-- One row per dossier received in the period.
-- Plan item outside_boundary: received for an applicant of another commune.
select
    'outside_boundary' as item_code,
    unit_code,
    period_type,
    period_start,
    dossier_code,
    procedure_code,
    is_outside_boundary as in_numerator
from {{ ref('int_dossier_period') }}
where is_received_in_period
