-- One row per commune and period with others to be ranked with: how many they are.
-- Plan item rank: the commune's place among them.
select
    'rank' as item_code,
    'unit' as scope,
    unit_code,
    period_type,
    period_start,
    rank_of as things,
    rank as things_in
from {{ ref('unit_ranking') }}
where unit_level = 'commune' and rank_of > 1
