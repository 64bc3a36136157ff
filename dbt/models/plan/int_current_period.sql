-- One row per current period: the month, quarter and year that hold the last second before A.
select
    period_type,
    period_start,
    ends_on,
    ends_at = {{ as_of() }} as is_over
from {{ ref('int_period') }}
where ends_at >= {{ as_of() }}
