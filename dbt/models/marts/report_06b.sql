-- One row per unit, report period and field of work with a late dossier (columns 10 and 13 of form II.06a): the causes.
{{ config(materialized='view') }}
select
    unit_code,
    period_type,
    period_start,
    period_end,
    field_code,
    field_name,
    settled_late + in_progress_overdue as late,
    settled_late,
    in_progress_overdue,
    late_wrong_due_time as wrong_due_time,
    late_returned as returned,
    late_supplement_again as supplement_again,
    late_supplement as supplement,
    late_fee as fee,
    late_handling as handling
from {{ ref('int_report_figure') }}
where settled_late + in_progress_overdue > 0
