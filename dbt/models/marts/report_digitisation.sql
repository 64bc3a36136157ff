-- One row per unit, report period and field of work: digitisation (4.1–4.3) and online payment (3.6) of the dossiers of
-- form II.06a.
{{ config(materialized='view') }}
select
    unit_code,
    period_type,
    period_start,
    period_end,
    field_code,
    field_name,
    dossiers,
    with_component_file,
    with_electronic_result,
    digitised,
    reusing_data,
    owing_fee,
    paid_online
from {{ ref('int_report_figure') }}
