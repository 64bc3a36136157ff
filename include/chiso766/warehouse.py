"""The warehouse's schemas, tables and grants, made or completed from the source specifications."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import psycopg
from psycopg import sql

from chiso766 import database, settings
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.load import unit_code
from chiso766.sources import SOURCES, Source

# Which version of the schemas and tables this software makes: one more with every change of them,
# with a dump of it in tests/upgrades, so that each version is known to become every later one.
VERSION = 28

# Any number that nothing else locks: two processes must not create the same schema at once.
_PREPARE_LOCK = 766_000_001


def prepare() -> None:
    """Create or complete every schema and table; returns at once when they are up to date.

    Raises ``ChisoError`` where a newer software completed them: it knows what this one does not.
    """
    with connect() as connection:
        complete(connection)


def complete(connection: psycopg.Connection) -> None:
    """As ``prepare``, in the database and the transaction of a connection."""
    statements = _statements()
    wanted = f"{VERSION} {hashlib.sha256(chr(10).join(statements).encode()).hexdigest()}"
    connection.execute("select pg_advisory_xact_lock(%s)", [_PREPARE_LOCK])
    found = version(connection)
    if found == wanted:
        return
    if _number(found) > VERSION:
        raise ChisoError(
            f"Kho dữ liệu đã được phần mềm mới hơn nâng lên bản {_number(found)}, phần mềm này"
            f" chỉ biết đến bản {VERSION} nên không ghi gì vào đó: hãy cập nhật phần mềm (git"
            " pull) rồi chạy lại."
        )
    if settings.load().is_on_citus and not _has_citus(connection):
        raise ChisoError(
            f"CHISO_CITUS=1 nhưng cơ sở dữ liệu {connection.info.dbname} không có Citus: hãy"
            " nhờ quản trị viên chạy “create extension citus” trong đó, hoặc đặt CHISO_CITUS=0."
        )
    for statement in statements:
        connection.execute(statement.encode())
    connection.execute(
        sql.SQL("comment on schema ops is {}").format(sql.Literal(f"version {wanted}"))
    )


def version(connection: psycopg.Connection) -> str | None:
    """Number and fingerprint of what the schemas and tables were made from; None: not made."""
    row = connection.execute(
        "select obj_description(to_regnamespace('ops')::oid, 'pg_namespace')"
    ).fetchone()
    return row[0].removeprefix("version ") if row and row[0] else None


def _number(found: str | None) -> int:
    """The number of a version; the first ones had none."""
    number, _, fingerprint = (found or "").partition(" ")
    return int(number) if fingerprint else 0


def _has_citus(connection: psycopg.Connection) -> bool:
    [(found,)] = connection.execute("select to_regclass('pg_dist_partition') is not null")
    return bool(found)


def _statements() -> list[str]:
    fixed, descriptions, grants = (
        files("chiso766").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
        for name in ("warehouse", "descriptions", "grants")
    )
    raw = [statement for source in SOURCES.values() for statement in _raw_table(source)]
    citus = _on_citus() if settings.load().is_on_citus else []
    return [fixed, descriptions, _source_rows(), _home_reader(), *raw, grants, *citus]


def _home_reader() -> str:
    """The account chiso_unit itself reads the home unit; others are made by ``unit_reader.py``."""
    reader = database.OF_UNITS
    unit = sql.Literal(settings.load().unit).as_string()
    return (
        f"delete from ops.unit_reader where reader = '{reader}';"
        f" insert into ops.unit_reader values ('{reader}', {unit})"
    )


def _source_rows() -> str:
    rows = ", ".join(
        f"('{source.name}', {source.optional}, {position})"
        for position, source in enumerate(SOURCES.values())
    )
    return (
        f"insert into ops.source (source, is_optional, position) values {rows} on conflict (source)"
        " do update set is_optional = excluded.is_optional, position = excluded.position"
    )


def _raw_table(source: Source) -> list[str]:
    """One row per accepted version of a row; a field added to a source becomes a new column."""
    name = f"raw.{source.name}"
    create = f"""create table if not exists {name} (
        row_key text not null,
        load_id bigint not null,
        export_day date not null,
        file_name text not null collate "C",
        line integer not null,
        content_hash uuid not null,
        extra jsonb
    )"""
    # PostgreSQL would look up the load for every row: half of the time that inserting takes.
    unchecked = f"alter table {name} drop constraint if exists {source.name}_load_id_fkey"
    columns = [
        f"alter table {name} add column if not exists {field} {kind.sql_type}"
        for field, kind in source.fields.items()
    ]
    if source.is_spread:
        columns += [
            f"alter table {name} add column if not exists unit_code text",
            # Rows from before there was the column; where they are spread by it, it cannot change.
            f"""do $$ begin
                if exists (select 1 from {name} where unit_code is null) then
                    update {name} set unit_code = {unit_code(source)} where unit_code is null;
                end if;
            end $$""",
        ]
    newest_first = (
        f"create index if not exists {source.name}_versions on {name} "
        "(row_key, export_day desc, file_name desc, load_id desc, line desc)"
    )
    # Loads only add rows, so what came since a load lies together; this index is tiny.
    newest_loads = (
        f"create index if not exists {source.name}_loads on {name} using brin (load_id, export_day)"
        " with (pages_per_range = 16)"
    )
    indexes = [newest_first, newest_loads]
    if "MaHoSo" in source.fields and source.key != ("MaHoSo",):
        indexes.append(
            f"create index if not exists {source.name}_of_dossier on {name} (MaHoSo)"
            " where MaHoSo is not null"
        )
    return [create, unchecked, *columns, *indexes]


def _on_citus() -> list[str]:
    """Spread what grows over the workers; rows that are there already move.

    Citus asks in the reader's own name, also for what stands behind a view of the marts.
    """
    spread = [f"raw.{source.name}" for source in SOURCES.values() if source.is_spread]
    return [
        *(
            f"select create_distributed_table('{table}', 'unit_code') where not exists"
            f" (select from pg_dist_partition where logicalrelid = '{table}'::regclass)"
            for table in spread
        ),
        "create schema if not exists law",
        "grant usage on schema intermediate, intermediate_next, law to chiso_analyst, chiso_bi",
        "alter default privileges in schema intermediate, intermediate_next, law"
        " grant select on tables to chiso_analyst, chiso_bi",
    ]
