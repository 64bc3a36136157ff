-- One row per dossier received before A, as at A.
{{ config(indexes=[
    {'columns': ['dossier_code', 'unit_code'], 'unique': true},
    {'columns': ['unit_code', 'received_at']},
    {'columns': ['state']},
]) }}
{{ dossier_state(ref('int_now')) }}
