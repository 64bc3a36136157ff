"""A query against the warehouse, for people as a table, for machines as CSV; it changes nothing."""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from chiso766 import database
from chiso766.errors import ChisoError
from chiso766.file_export import STANDARD_OUTPUT, recorded

_WIDTH_FOR_FILES = 10_000  # a file has no edge at which to fold

# The types whose values can be any text: char, name, text, unknown, character, varchar.
_TEXTS = frozenset({18, 19, 25, 705, 1042, 1043})
# A text that begins like a formula is run by spreadsheet programs; after an apostrophe it is not.
_NEUTRAL = r"case when {0} ~ '^[-=+@\t\r]' then '''' || {0} else {0} end"


def run(query: str, role: str | None, as_csv: bool) -> None:
    """Print the rows of ``query``, run in a read-only transaction as ``role`` (the owner)."""
    with database.connect(role or database.OWNER) as connection:
        connection.read_only = True
        try:
            # What is printed elsewhere than on a terminal becomes a file.
            if as_csv or not sys.stdout.isatty():
                by = role or database.OWNER
                with recorded("sql", query, STANDARD_OUTPUT, by) as export:
                    export.row_count = (_copy if as_csv else _print)(connection, query)
            else:
                _print(connection, query)
        except psycopg.Error as error:
            reason = error.diag.message_primary or str(error)
            raise ChisoError(f"Truy vấn không chạy được ({reason}): hãy sửa câu lệnh.") from error


def _copy(connection: psycopg.Connection, query: str) -> int:
    """Returns the number of rows, as ``_print`` does."""
    # The line break ends a comment in the query's last line.
    asked = sql.SQL(f"(\n{query.strip().rstrip(';')}\n) as asked")
    columns = connection.execute(sql.SQL("select * from {} limit 0").format(asked)).description
    # A query may name two columns alike; by number they are told apart.
    numbers = [sql.Identifier(f"column_{number}") for number, _ in enumerate(columns or [])]
    shown = [
        sql.SQL("{} as {}").format(
            sql.SQL(_NEUTRAL).format(number) if column.type_code in _TEXTS else number,
            sql.Identifier(column.name),
        )
        for number, column in zip(numbers, columns or [], strict=True)
    ]
    copy = sql.SQL("copy (select {} from {} ({})) to stdout with (format csv, header)").format(
        sql.SQL(", ").join(shown), asked, sql.SQL(", ").join(numbers)
    )
    cursor = connection.cursor()
    with cursor.copy(copy) as rows:
        for block in rows:
            sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()
    return cursor.rowcount


def _print(connection: psycopg.Connection, query: str) -> int:
    cursor = connection.execute(query.encode())
    if cursor.description is None:
        raise ChisoError("Câu lệnh này không trả về dòng nào: ./chiso sql chỉ để truy vấn.")
    table = Table(*(column.name for column in cursor.description))
    for row in cursor:
        table.add_row(*(_cell(value) for value in row))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_FOR_FILES)
    console.print(table, markup=False, highlight=False)
    console.print(f"{cursor.rowcount} dòng")
    return cursor.rowcount


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
