-- One row per rule that sets rows aside, with its Vietnamese name; a copy, as int_source is.
select
    rule,
    rule_name
from {{ ref('set_aside_rules') }}
