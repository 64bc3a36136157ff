-- One row per report period from the first dossier or petition through those that hold the last second before A.
select
    period_type,
    period_start,
    ends_on as period_end,
    period_code,
    least(ends_on, {{ as_of_day() }}) as as_of_day,
    ends_on <= {{ as_of_day() }} as is_complete,
    '{{ var("report_returned") }}' as returned_as,
    '{{ var("report_awaited") }}' as awaited_as
from {{ ref('int_report_period') }}
