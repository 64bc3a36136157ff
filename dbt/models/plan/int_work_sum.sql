-- One row per unit, current period, kind of work and procedure: the dossiers of the unit, or of one below it, on which
-- it can be done, and the indicators that each of them moves (what the first of a procedure moves besides is not here).
select
    tree.ancestor_code as unit_code,
    work.period_type,
    work.period_start,
    split_part(work.code, '/', 1) as action,
    split_part(work.code, '/', 2) as variant,
    string_to_array(split_part(work.code, '/', 3), ',') as effects,
    work.counted_code as procedure_code,
    sum(work.things)::bigint as things
from {{ ref('int_dossier_sum') }} as work
inner join {{ ref('int_unit_tree') }} as tree on tree.unit_code = work.unit_code
where work.kind = 'work'
group by tree.ancestor_code, work.period_type, work.period_start, work.code, work.counted_code
