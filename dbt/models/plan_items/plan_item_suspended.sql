-- One row per dossier received in the period.
-- Plan item suspended: waits for a supplement or a fee.
select
    'suspended' as item_code,
    unit_code,
    period_type,
    period_start,
    dossier_code,
    procedure_code,
    status in (5, 6) as in_numerator
from {{ ref('int_dossier_period') }}
where is_received_in_period
