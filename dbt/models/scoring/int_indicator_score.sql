-- One row per profile, unit, period and indicator: the score that its counts earn.
{{ config(indexes=[{'columns': ['unit_code', 'period_type', 'period_start']}]) }}
{{ indicator_score(ref('int_indicator_count')) }}
