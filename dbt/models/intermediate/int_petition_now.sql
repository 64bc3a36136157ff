-- One row per petition whose clock started before A, as at A.
{{ petition_state(ref('int_now')) }}
