-- One row per scoring rule whose numbers do not fit the way it scores.
select *
from {{ ref('scoring_rules') }}
where
    (scoring = 'unscored') <> (max_score = 0)
    or (scoring = 'unscored') <> (target_ratio is null)
    or max_score < 0
    or target_ratio not between 0.0001 and 1
