-- One row per unit and period with a total: its place as known a month ago.
select * from (
    {{ unit_totals(published_own_totals(a_month_ago()), a_month_ago()) }}
) as ranked
