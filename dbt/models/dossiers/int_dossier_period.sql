-- One row per dossier and period that it is received in or counts in (2.1), as at T of that period.
{{ config(indexes=[
    {'columns': ['period_type', 'period_start', 'unit_code']},
    {'columns': ['dossier_code']},
]) }}
{{ dossier_state(ref('int_period')) }}
