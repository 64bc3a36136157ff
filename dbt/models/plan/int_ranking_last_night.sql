-- One row per unit and period with a total: its place as known on the last night that was published before this one.
select * from (
    {{ unit_totals(published_own_totals(last_night()), last_night()) }}
) as ranked
