"""A query against the warehouse, for people as a table, for machines as CSV; it changes nothing."""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from chiso766 import database
from chiso766.errors import ChisoError

_WIDTH_FOR_FILES = 10_000  # a file has no edge at which to fold


def run(query: str, role: str | None, as_csv: bool) -> None:
    """Print the rows of ``query``, run in a read-only transaction as ``role`` (the owner)."""
    with database.connect(role or database.OWNER) as connection:
        connection.read_only = True
        try:
            if as_csv:
                _copy(connection, query)
            else:
                _print(connection, query)
        except psycopg.Error as error:
            reason = error.diag.message_primary or str(error)
            raise ChisoError(f"Truy vấn không chạy được ({reason}): hãy sửa câu lệnh.") from error


def _copy(connection: psycopg.Connection, query: str) -> None:
    # The line break ends a comment in the query's last line.
    copy = f"copy (\n{query.strip().rstrip(';')}\n) to stdout with (format csv, header)"
    with connection.cursor().copy(copy.encode()) as rows:
        for block in rows:
            sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _print(connection: psycopg.Connection, query: str) -> None:
    cursor = connection.execute(query.encode())
    if cursor.description is None:
        raise ChisoError("Câu lệnh này không trả về dòng nào: ./chiso sql chỉ để truy vấn.")
    table = Table(*(column.name for column in cursor.description))
    for row in cursor:
        table.add_row(*(_cell(value) for value in row))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_FOR_FILES)
    console.print(table, markup=False, highlight=False)
    console.print(f"{cursor.rowcount} dòng")


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
