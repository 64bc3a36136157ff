-- One row per scoring rule whose numbers do not fit the way it scores.
select
    *,
    'Tệp dbt/seeds/law/scoring_rules.csv, dòng '
    || concat_ws(', ', profile, indicator_code, unit_level, valid_from) || ': max_score ' || max_score
    || ', target_ratio ' || coalesce(target_ratio::text, 'trống') || ' không hợp với scoring ' || scoring
    || ', hãy ghi target_ratio từ 0.0001 đến 1, hoặc với unscored thì max_score 0 và để trống target_ratio' as sentence
from {{ ref('scoring_rules') }}
where
    (scoring = 'unscored') <> (max_score = 0)
    or (scoring = 'unscored') <> (target_ratio is null)
    or max_score < 0
    or target_ratio not between 0.0001 and 1
