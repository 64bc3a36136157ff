-- One row per unit, period, procedure and step of the work on the dossiers received in the period: where time goes.
-- A view: the sums of a unit are at hand, those of a province are a sum of few rows.
{{ config(materialized='view') }}
with part as (
    select
        unit_code,
        period_type,
        period_start,
        counted_code as procedure_code,
        code as step,
        things as dossiers,
        things_in as late_dossiers,
        seconds,
        0 as open_dossiers,
        0 as open_overdue,
        0 as open_seconds
    from {{ ref('int_dossier_sum') }}
    where kind = 'step'
    union all
    select
        unit_code,
        period_type,
        period_start,
        procedure_code,
        step,
        0 as dossiers,
        0 as late_dossiers,
        0 as seconds,
        dossiers as open_dossiers,
        overdue as open_overdue,
        seconds as open_seconds
    from {{ ref('int_open_step') }}
),

step as (
    select
        tree.ancestor_code as unit_code,
        part.period_type,
        part.period_start,
        part.procedure_code,
        part.step,
        sum(part.dossiers) as dossiers,
        sum(part.late_dossiers) as late_dossiers,
        sum(part.open_dossiers) as open_dossiers,
        sum(part.open_overdue) as open_overdue,
        sum(part.seconds) as seconds,
        sum(part.open_seconds) as open_seconds
    from part
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = part.unit_code
    group by tree.ancestor_code, part.period_type, part.period_start, part.procedure_code, part.step
)

select
    unit_code,
    period_type,
    period_start,
    procedure_code,
    step,
    dossiers::bigint as dossiers,
    late_dossiers::bigint as late_dossiers,
    round(seconds / 3600, 2) as hours,
    round(seconds / nullif(dossiers, 0) / 3600, 2) as mean_hours,
    open_dossiers::bigint as open_dossiers,
    open_overdue::bigint as open_overdue,
    round(open_seconds / 3600, 2) as open_hours,
    (seconds + open_seconds) / nullif(sum(seconds + open_seconds) over of_procedure, 0) as share_of_hours,
    rank() over (of_procedure order by seconds + open_seconds desc)::integer as place
from step
window of_procedure as (partition by unit_code, period_type, period_start, procedure_code)
