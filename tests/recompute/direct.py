"""Rows that go straight into ``raw``, as the loader would have left them, to be rolled back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import psycopg

from chiso766.load import unit_code
from chiso766.sources import SOURCES, Kind, Source

from .exports import KEYS, Row

_VALUES = {
    Kind.CODE: "convert.to_code(%s)",
    Kind.NUMBER: "convert.to_number(%s)",
    Kind.TIME: "convert.to_time(%s)",
    Kind.DUE_TIME: "convert.to_due_time(%s)",
    Kind.LIST: "%s::jsonb",
}


@dataclass(frozen=True)
class Given:
    """What came on one day, like ``Exports``: no key twice, nothing that would be set aside.

    ``read``: the sources of which a file came.
    """

    as_of_day: date
    tables: Mapping[str, list[Row]]
    read: Collection[str]

    @property
    def as_of(self) -> datetime:
        return datetime.combine(self.as_of_day + timedelta(days=1), time())

    def newest(self, source: str) -> list[Row]:
        return self.tables.get(source, [])

    def pulls(self) -> list[tuple[date, Row]]:
        return [(self.as_of_day, row) for row in self.newest("portal_scores")]

    def load(self, connection: psycopg.Connection) -> None:
        """Into an empty warehouse, in the caller's transaction."""
        for name in self.read:
            _load(connection, SOURCES[name], self.newest(name), self.as_of_day)


def _load(connection: psycopg.Connection, source: Source, rows: list[Row], day: date) -> None:
    [(load_id,)] = connection.execute(
        """
        with file as (
            insert into ops.file (export_day, source, file_name, sha256, bytes)
            values (%s, %s, 'drawn.json', '', 0) returning file_id
        )
        insert into ops.load (file_id, state, is_late)
        select file_id, 'loaded', false from file returning load_id
        """,
        [day, source.name],
    ).fetchall()
    values = ", ".join(_VALUES.get(kind, "%s") for kind in source.fields.values())
    statement = (
        f"insert into raw.{source.name} (row_key, load_id, export_day, file_name, line,"
        f" content_hash, {', '.join(source.fields)})"
        f" values (%s, {load_id}, '{day}', 'drawn.json', 1, gen_random_uuid(), {values})"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            statement.encode(),
            [
                [
                    "|".join(row.get(field, "") for field in KEYS[source.name]),
                    *(_value(row.get(field)) for field in source.fields),
                ]
                for row in rows
            ],
        )
        if source.is_spread:
            cursor.execute(f"update raw.{source.name} set unit_code = {unit_code(source)}".encode())


def _value(given: object) -> str | None:
    """Not given is null, in lists too."""
    if isinstance(given, list):
        items = [{k: v for k, v in item.items() if v} for item in given]
        return json.dumps(items)
    return str(given) if given else None
