-- One row per dossier, current period and kind of work that can still be done on it by its own unit. code: the action,
-- its variant and the indicators whose numerator is one higher then, a slash between them. variant both: of a dossier
-- that lacks a result and a file and needs both for 4.2; the file counts only after the result.
{{ config(materialized='view') }}
select
    work.action || '/' || work.variant || '/' || work.effects as code,
    dossier.unit_code,
    dossier.period_type,
    dossier.period_start,
    dossier.procedure_code as counted_code,
    dossier.dossier_code
from {{ ref('int_dossier_period') }} as dossier
inner join {{ ref('int_current_period') }} using (period_type, period_start)
cross join
    lateral (
        values
        (
            'synchronise', '', '1.4',
            dossier.is_received_in_period and not dossier.is_synchronised
        ),
        (
            'pay_online', '', '3.6',
            dossier.is_received_in_period
            and dossier.is_fee_bearing
            and not dossier.has_only_zero_fees
            and not dossier.is_paid_online
        ),
        -- what was received in the period may count for its procedure (4.5a), too, and only for it
        (
            'use_population_data',
            case when dossier.is_received_in_period then 'received' else '' end,
            case when dossier.is_counted then '4.5b' else '' end,
            not dossier.uses_population_data and (dossier.is_received_in_period or dossier.is_counted)
        ),
        (
            'attach_result',
            case when dossier.has_paper_result and not dossier.has_component_file then 'both' else '' end,
            case when dossier.has_paper_result and dossier.has_component_file then '4.1,4.2' else '4.1' end,
            dossier.is_counted and not dossier.has_electronic_result
        ),
        (
            'attach_file',
            case when dossier.has_paper_result and not dossier.has_electronic_result then 'both' else '' end,
            '4.2',
            dossier.is_counted and not dossier.has_component_file
        ),
        ('reuse_data', '', '4.3', dossier.is_counted and not dossier.reuses_data),
        ('use_data_store', '', '4.4', dossier.is_counted and not dossier.from_data_store)
    ) as work (action, variant, effects, is_possible)
where work.is_possible
