"""The tables that the gate took out of use: the next build goes on from them (dbt/macros/kept.sql).

A build leaves in their schema what they know: its export day, its newest load, and by what rules
they were made. That is taken away before they are touched, so that a build that breaks off leaves
nothing to go on from, and the next one makes everything anew.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import psycopg

from chiso766 import parsed, settings, warehouse

_TABLE = "intermediate_next.known"
# The newest load that brought something new of units.
_UNITS_CHANGED = """
    select max(load_id) from ops.load join ops.file using (file_id)
    where source = 'units' and rows_changed > 0 and load_id <= %s
"""


def take(connection: psycopg.Connection, rules: str) -> dict[str, Any] | None:
    """What the kept tables know, as dbt's var ``since``; None where all has to be made anew."""
    [(table,)] = connection.execute("select to_regclass(%s)::text", [_TABLE]).fetchall()
    if table is None:
        return None
    [known] = connection.execute(f"select as_of_day, last_load_id, rules from {_TABLE}".encode())
    forget(connection)
    as_of_day, last_load_id, made_by = known
    if made_by != rules:
        return None
    return {"as_of_day": as_of_day.isoformat(), "last_load_id": last_load_id}


def leave(connection: psycopg.Connection, as_of_day: date, last_load_id: int, rules: str) -> None:
    """Let a build go on from the tables that were made as of a day from the loads through one."""
    with connection.transaction():
        forget(connection)
        connection.execute(
            f"create table {_TABLE} (as_of_day date, last_load_id bigint, rules text)".encode()
        )
        connection.execute(
            f"insert into {_TABLE} values (%s, %s, %s)".encode(), [as_of_day, last_load_id, rules]
        )


def forget(connection: psycopg.Connection) -> None:
    """Have everything made anew by the next build that uses these tables."""
    connection.execute(f"drop table if exists {_TABLE}".encode())


def rules(connection: psycopg.Connection, last_load_id: int) -> str:
    """A fingerprint of all that decides about every dossier at once.

    The models, the law and the calendar, the settings, how exports are read, the units, and which
    tables hold the rows: emptied or restored ones are others. What procedures and services say is
    not in it: they change often, and few dossiers each.
    """
    [(newest_units,)] = connection.execute(_UNITS_CHANGED, [last_load_id])
    [(tables,)] = connection.execute(
        "select array_agg(pg_relation_filenode(oid) order by relname) from pg_class"
        " where relnamespace = 'raw'::regnamespace and relkind = 'r'"
    )
    version = warehouse.version(connection)
    current = settings.load()
    counted_by = (
        current.population_database_code,
        current.report_returned,
        current.report_awaited,
    )
    given = (parsed.files_digest(), counted_by, version, newest_units, tables)
    return hashlib.sha256(repr(given).encode()).hexdigest()
