"""Step 4, gate: what was built and passed its tests becomes what people read, all at once."""

from __future__ import annotations

import time
from typing import LiteralString

import psycopg
from psycopg import sql

from chiso766 import history
from chiso766.build_lock import build_lock
from chiso766.database import READERS
from chiso766.errors import ChisoError

# indicator_evidence is a view over intermediate tables, so they change places with the marts.
_SWAPPED = ("intermediate", "marts")

# One machine at a time brings the reports up to date, and all of them are of one publication.
PUBLICATION_LOCK = 766_000_006

# How long a statement may have looked for its tables before the marts changed places.
_LOOKING_S = 2
_AGAIN_S = 0.05

_AT_WORK: LiteralString = """
    select lock.virtualxid
    from pg_locks as lock
    inner join pg_stat_activity as session on session.pid = lock.pid
    where lock.locktype = 'virtualxid'
        and session.datname = current_database()
        and lock.pid <> pg_backend_pid()
"""


def open_gate() -> None:
    """Publish the newest build in one transaction; a build that failed or broke off is refused."""
    with build_lock() as connection:
        with connection.transaction():
            _publish(connection)
        _close_the_other(connection)


def _publish(connection: psycopg.Connection) -> None:
    build_id, state = _newest_build(connection)
    if state == "published":
        return
    if state != "built":
        raise ChisoError(
            f"Lần dựng số liệu số {build_id} chưa xong hoặc bị lỗi nên không được công bố:"
            " số liệu đã công bố vẫn giữ nguyên, hãy chạy lại đêm đó."
        )
    connection.execute("select pg_advisory_xact_lock(%s)", [PUBLICATION_LOCK])
    for schema in _SWAPPED:
        _swap(connection, schema)
    connection.execute(sql.SQL("grant usage on schema marts to {}").format(_readers()))
    history.remember(connection, build_id)
    connection.execute(
        "update ops.build set state = 'published', published_at = clock_timestamp()"
        " where build_id = %s",
        [build_id],
    )


def _newest_build(connection: psycopg.Connection) -> tuple[int, str]:
    row = connection.execute(
        "select build_id, state from ops.build order by build_id desc limit 1"
    ).fetchone()
    if row is None:
        raise ChisoError("Chưa có lần dựng số liệu nào: hãy chạy ./chiso nightly NGÀY.")
    return row[0], row[1]


def _swap(connection: psycopg.Connection, schema: str) -> None:
    for old, new in (
        (schema, f"{schema}_old"),
        (f"{schema}_next", schema),
        (f"{schema}_old", f"{schema}_next"),
    ):
        connection.execute(
            sql.SQL("alter schema {} rename to {}").format(sql.Identifier(old), sql.Identifier(new))
        )


def _close_the_other(connection: psycopg.Connection) -> None:
    """Rights on tables travel with their schema; the right to enter it must not.

    Whoever has looked up the name of a schema enters it a moment later, and would be refused.
    """
    looking = set(connection.execute(_AT_WORK))
    ends = time.monotonic() + _LOOKING_S
    while looking and time.monotonic() < ends:
        time.sleep(_AGAIN_S)
        looking &= set(connection.execute(_AT_WORK))
    connection.execute(sql.SQL("revoke usage on schema marts_next from {}").format(_readers()))


def _readers() -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(reader) for reader in READERS)
