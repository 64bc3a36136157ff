-- One row per unit, current period, kind of work and thing on which it can be done, in the order in which to take them.
{{ config(materialized='view') }}
select
    unit_code,
    period_type,
    period_start,
    action,
    variant,
    effects,
    evidence_kind,
    evidence_key,
    procedure_code,
    row_number() over (
        partition by unit_code, period_type, period_start, action, variant, effects order by evidence_key
    )::integer as position
from {{ ref('int_work') }}
