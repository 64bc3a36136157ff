-- One row per profile, unit, period, indicator that counts dossiers, and procedure with such a dossier.
-- A view: the sums of a unit are at hand, those of a province are a sum of few rows.
{{ config(materialized='view') }}
with part as (
    select
        tree.ancestor_code as unit_code,
        own.period_type,
        own.period_start,
        own.code as indicator_code,
        own.counted_code as procedure_code,
        sum(own.things) as things,
        coalesce(round(sum(own.seconds) / 3600, 2), sum(own.things_in)) as numerator
    from {{ ref('int_dossier_sum') }} as own
    inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = own.unit_code
    where
        own.kind = 'indicator'
        and own.code in ('2.1', '2.2', '3.3', '3.6', '4.1', '4.2', '4.3', '4.4', '4.5b', '5.4')
    group by tree.ancestor_code, own.period_type, own.period_start, own.code, own.counted_code
)

select
    score.profile,
    score.unit_code,
    score.period_type,
    score.period_start,
    score.indicator_code,
    part.procedure_code,
    part.numerator,
    part.things as denominator,
    part.numerator / part.things as ratio
from part
inner join {{ ref('int_indicator_score') }} as score using (unit_code, period_type, period_start, indicator_code)
