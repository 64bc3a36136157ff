"""One build at a time, and no publication while one runs: ``marts_next`` is a single place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chiso766.database import connect

BUILD_LOCK = 766_000_003


@contextmanager
def build_lock() -> Iterator[psycopg.Connection]:
    """A connection that alone may touch ``marts_next``; other builds and publications wait."""
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [BUILD_LOCK])
        yield connection
