"""The record of what left the warehouse as a file: who, when, by which command, what, where to.

Never a value of a row. What a reader of the marts copies out with a program of his own is in the
server's log of sessions, and of statements where it may be rows set aside (``server.py``).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chiso766 import database, warehouse

STANDARD_OUTPUT = "-"


@dataclass
class Export:
    """A file that is being written."""

    row_count: int | None = None
    """How many rows it holds, to be said by who writes it; None: they are not counted."""


@contextmanager
def recorded(
    command: str, content: str, place: Path | str, role: str = database.OWNER
) -> Iterator[Export]:
    """Record an export before its first byte; at the end that it is whole, and its rows.

    ``command``: of ./chiso, or the step; ``content``: what is in the file; ``place``: the file, or
    ``STANDARD_OUTPUT``; ``role``: in whose name it is read. An export that fails or is cut off
    stays recorded, without its end.
    """
    path = place if place == STANDARD_OUTPUT else str(Path(place).absolute())
    export = Export()
    with database.connect(autocommit=True) as connection:
        [(is_there,)] = connection.execute("select to_regclass('ops.file_export') is not null")
        if not is_there:  # no night has run since the software is new
            warehouse.prepare()
        [(number,)] = connection.execute(
            "insert into ops.file_export (account, role, command, content, path)"
            " values (%s, %s, %s, %s, %s) returning export_id",
            [_account(), role, command, content, path],
        ).fetchall()
        yield export
        connection.execute(
            "update ops.file_export set ended_at = clock_timestamp(), row_count = %s"
            " where export_id = %s",
            [export.row_count, number],
        )


def _account() -> str:
    """The operating system's account that this process runs as; in a container only a number."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
