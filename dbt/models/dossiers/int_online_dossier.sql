-- One row per online dossier: the service it used, and when (3.2): by receive time, or submit time where it was not
-- received.
{{ config(materialized='view') }}
select
    dossier_code,
    unit_code,
    service_code,
    happened_at as used_at
from {{ ref('int_dossier') }}
where is_online
