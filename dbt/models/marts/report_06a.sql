-- One row per unit, report period and field of work: form II.06a, whose column (1) is the number of the row.
{{ config(materialized='view') }}
select
    unit_code,
    period_type,
    period_start,
    period_end,
    field_code,
    field_name,
    dossiers as received,
    received_online,
    received_direct,
    carried_over,
    settled_early + settled_on_time + settled_late as settled,
    settled_early,
    settled_on_time,
    settled_late,
    in_progress_in_time + in_progress_overdue as in_progress,
    in_progress_in_time,
    in_progress_overdue
from {{ ref('int_report_figure') }}
