-- Form II.06a: (3) = (4) + (5) + (6) and (3) = (7) + (11), whose parts are the five states. Form II.06b: what is late
-- has one cause. What holds for each procedure holds for their sums.
select
    unit_code,
    period_start,
    procedure_code,
    'Số liệu báo cáo của đơn vị ' || unit_code || ', kỳ từ ' || period_start || ', thủ tục ' || procedure_code
    || ' không khớp tổng, hãy báo người phụ trách phần mềm' as sentence
from {{ ref('int_report_sum') }}
where
    dossiers <> received_online + received_direct + carried_over
    or dossiers <> settled_early + settled_on_time + settled_late + in_progress_in_time + in_progress_overdue
    or settled_late + in_progress_overdue <> {{ 'late_' ~ late_causes() | join(' + late_') }}
