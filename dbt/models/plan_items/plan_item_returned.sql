-- One row per dossier received in the period.
-- Plan item returned: stopped, withdrawn, or refused after receipt.
select
    'returned' as item_code,
    unit_code,
    period_type,
    period_start,
    dossier_code,
    procedure_code,
    status in (3, 7, 8) as in_numerator
from {{ ref('int_dossier_period') }}
where is_received_in_period
