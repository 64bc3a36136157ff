"""What was published each night, kept for good: rows are added where something changed."""

from __future__ import annotations

import psycopg

_KEY = "unit_code, period_type, period_start, profile, indicator_code"
_VALUES = ("numerator", "denominator", "ratio", "score", "max_score", "status")


def remember(connection: psycopg.Connection, build_id: int) -> None:
    """Add what ``marts.fct_indicator`` says otherwise than at the last publication.

    A key that is no longer there is remembered with an empty status.
    """
    now = ", ".join(f"now.{value}" for value in _VALUES)
    last = ", ".join(f"last.{value}" for value in _VALUES)
    connection.execute(
        f"""
        insert into history.indicator_version (build_id, {_KEY}, {", ".join(_VALUES)})
        select %s, {_KEY}, {now}
        from marts.fct_indicator as now
        full join (
            select distinct on ({_KEY}) * from history.indicator_version
            order by {_KEY}, build_id desc
        ) as last using ({_KEY})
        where ({now}) is distinct from ({last})
        """.encode(),
        [build_id],
    )
