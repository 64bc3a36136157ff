-- One row per kind (indicator, plan, step, use, work) and code, unit, period and procedure or service: how many of the
-- unit's own dossiers count, how many of them in. Where tables are kept: the sums of before, less what the dossiers
-- that changed counted for, and what they count for now. Work is
-- that of the current periods (int_current_period).
{{ config(
    materialized='incremental' if is_kept() else 'table',
    unique_key=['kind', 'code', 'unit_code', 'period_type', 'period_start', 'counted_code'],
    incremental_strategy='delete+insert',
    post_hook=[
        'delete from {{ this }} where things = 0',
        'delete from {{ this }}
        where kind = \'work\' and period_start <> date_trunc(period_type, {{ as_of() }} - interval \'1 second\')',
    ],
    indexes=[{'columns': [
        'unit_code', 'period_type', 'period_start', 'kind', 'code', 'counted_code'
    ], 'unique': true}]
) }}
{% if not is_kept() %}
{{ dossier_sums(of_kept=false) }}
{% else %}
with change as (
    {{ dossier_sums(of_kept=false) }}
    union all
    select
        kind,
        code,
        unit_code,
        period_type,
        period_start,
        counted_code,
        -things as things,
        -things_in as things_in,
        -seconds as seconds
    from {{ ref('int_leaving_sum') }}
),

changed as (
    select
        kind,
        code,
        unit_code,
        period_type,
        period_start,
        counted_code,
        sum(things) as things,
        sum(things_in) as things_in,
        sum(seconds) as seconds
    from change
    group by 1, 2, 3, 4, 5, 6
    having sum(things) <> 0 or sum(things_in) <> 0 or sum(seconds) <> 0
)

select
    kind,
    code,
    unit_code,
    period_type,
    period_start,
    counted_code,
    coalesce(before.things, 0) + changed.things as things,
    coalesce(before.things_in, 0) + changed.things_in as things_in,
    -- only where they are counted (2.2, steps)
    case when changed.seconds is not null then coalesce(before.seconds, 0) + changed.seconds end as seconds
from changed
left join {{ this }} as before using (kind, code, unit_code, period_type, period_start, counted_code)
{% endif %}
