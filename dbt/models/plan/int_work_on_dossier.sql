-- One row per unit, current period, kind of work and dossier of the unit, or of one below it, that can still be mended.
-- effects: the indicators whose numerator is one higher then. variant both: of a dossier that lacks a result and a file
-- and needs both for 4.2; the file counts only after the result.
{{ config(materialized='view') }}
with dossier as (
    select
        tree.ancestor_code as unit_code,
        counted.period_type,
        counted.period_start,
        counted.dossier_code,
        counted.procedure_code,
        counted.is_counted,
        counted.is_received_in_period,
        counted.is_synchronised,
        counted.has_electronic_result,
        counted.has_component_file,
        counted.has_paper_result,
        counted.reuses_data,
        counted.from_data_store,
        counted.uses_population_data,
        counted.rating,
        counted.has_petition,
        counted.is_received_in_period
        and counted.is_fee_bearing
        and not counted.has_only_zero_fees
        and not counted.is_paid_online as is_payable,
        lacking.of_payment,
        lacking.of_population,
        period.is_over
    from {{ ref('int_dossier_period') }} as counted
    inner join {{ ref('int_current_period') }} as period using (period_type, period_start)
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = counted.unit_code
    left join {{ ref('int_lacking_procedure') }} as lacking
        on
            lacking.unit_code = tree.ancestor_code
            and lacking.period_type = counted.period_type
            and lacking.period_start = counted.period_start
            and lacking.procedure_code = counted.procedure_code
),

work as (
    select
        *,
        'synchronise' as action,
        '' as variant,
        array['1.4'] as effects
    from dossier
    where is_received_in_period and not is_synchronised
    union all
    -- the first payment of a procedure counts for the procedure, too
    select
        *,
        'pay_online' as action,
        '' as variant,
        case when row_number() over of_procedure = 1 then of_payment end || '3.6'::text as effects
    from dossier
    where is_payable
    window of_procedure as (partition by unit_code, period_type, period_start, procedure_code order by dossier_code)
    union all
    -- of the dossiers received in the period the first one counts for the procedure, too
    select
        *,
        'use_population_data' as action,
        '' as variant,
        case when is_received_in_period and row_number() over of_procedure = 1 then of_population end
        || case when is_counted then array['4.5b'] end as effects
    from dossier
    where not uses_population_data
    window
        of_procedure as (
            partition by unit_code, period_type, period_start, procedure_code, is_received_in_period
            order by dossier_code
        )
    union all
    select
        *,
        'attach_result' as action,
        case when has_paper_result and not has_component_file then 'both' else '' end as variant,
        case when has_paper_result and has_component_file then array['4.1', '4.2'] else array['4.1'] end as effects
    from dossier
    where is_counted and not has_electronic_result
    union all
    select
        *,
        'attach_file' as action,
        case when has_paper_result and not has_electronic_result then 'both' else '' end as variant,
        array['4.2'] as effects
    from dossier
    where is_counted and not has_component_file
    union all
    select
        *,
        'reuse_data' as action,
        '' as variant,
        array['4.3'] as effects
    from dossier
    where is_counted and not reuses_data
    union all
    select
        *,
        'use_data_store' as action,
        '' as variant,
        array['4.4'] as effects
    from dossier
    where is_counted and not from_data_store
    union all
    -- sent back a second time it is overdue until the supplement is here; then the waiting is not its own
    select
        dossier.*,
        'take_in_supplement' as action,
        '' as variant,
        case
            when coalesce(dossier.rating, '') <> 'khong_hai_long' and not dossier.has_petition
                then array['2.1', '5.4']
            else array['2.1']
        end as effects
    from dossier
    inner join {{ ref('int_awaited_supplement') }} as awaited on awaited.dossier_code = dossier.dossier_code
    where dossier.is_counted and awaited.would_be_in_time and not dossier.is_over
)

select
    unit_code,
    period_type,
    period_start,
    action,
    variant,
    effects,
    'dossier' as evidence_kind,
    dossier_code as evidence_key,
    procedure_code
from work
where effects is not null
