-- One row per unit, source, export day and rule with rows set aside; read live, so that what was healed shows at once.
-- A code that is no known unit's may be anything that a file held: such rows have an empty unit.
-- dim_unit is no table of Citus, which would ask for set_aside in the name of a reader who may not enter it.
{{ config(materialized='view') }}
select
    unit.unit_code,
    aside.source,
    sources.source_name,
    aside.export_day,
    aside.rule,
    rules.rule_name,
    count(*)::integer as rows,
    count(*) filter (where aside.healed_load_id is null)::integer as rows_open
from {{ source('set_aside', 'row') }} as aside
left join {{ ref('dim_unit') }} as unit on unit.unit_code = aside.unit_code
left join {{ ref('int_source') }} as sources on sources.source = aside.source
left join {{ ref('int_set_aside_rule') }} as rules on rules.rule = aside.rule
group by unit.unit_code, aside.source, sources.source_name, aside.export_day, aside.rule, rules.rule_name
