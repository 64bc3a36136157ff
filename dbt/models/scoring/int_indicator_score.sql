-- One row per profile, unit, period and indicator: the score that its counts earn.
{{ indicator_score(ref('int_indicator_count')) }}
