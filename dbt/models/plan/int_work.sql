-- One row per unit, current period, kind of work and thing on which it can be done.
{{ config(materialized='view') }}
select * from {{ ref('int_work_on_dossier') }}
union all
select * from {{ ref('int_work_on_other') }}
