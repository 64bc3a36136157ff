-- One row per petition and period that it counts in (5.2), as at T of that period.
{{ petition_state(ref('int_period')) }}
