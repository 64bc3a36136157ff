-- One row per dossier and period that it is received in or counts in (2.1), as at T of that period.
{{ config(post_hook="analyze {{ this }}") }}
{{ dossier_state(ref('int_period')) }}
