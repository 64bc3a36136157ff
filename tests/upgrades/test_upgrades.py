"""A warehouse of every earlier version becomes one of this version where it stands.

A dump is named by number and commit; warehouses of before 26 hold no number. A commit that changed
nothing of the tables has none.
"""

from __future__ import annotations

import lzma
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from chiso766 import database, server
from chiso766 import warehouse as tables
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate

from .dump import EXPORTS, HERE, KEY, NIGHTS, program

DUMPS = sorted(HERE.glob("dumps/*.sql.xz"))
OLDEST, NEWEST = DUMPS[0], DUMPS[-1]
# Nothing of these is made anew by a build.
KEPT = ("history", "ops", "raw", "set_aside")

CATALOGUE = """
    with own as (select oid, nspname from pg_namespace where nspname = any(%(schemas)s))
    select 'column', format('%%s.%%s.%%s %%s %%s %%s', nspname, relname, attname,
        format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation)
        || coalesce(pg_get_expr(adbin, adrelid), '') || attidentity::text
        || coalesce(col_description(pg_class.oid, attnum), '')
    from own join pg_class on relnamespace = own.oid and relkind in ('r', 'v')
    join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select 'constraint', conrelid::regclass || pg_get_constraintdef(pg_constraint.oid)
    from own join pg_constraint on connamespace = own.oid and contype <> 'n'
    union all
    select 'index', pg_get_indexdef(indexrelid)
    from own join pg_class on relnamespace = own.oid join pg_index on indexrelid = pg_class.oid
    union all
    select 'function', pg_get_functiondef(pg_proc.oid) || coalesce(proacl::text, '')
    from own join pg_proc on pronamespace = own.oid
    union all
    select 'trigger', pg_get_triggerdef(pg_trigger.oid)
    from own join pg_class on relnamespace = own.oid join pg_trigger on tgrelid = pg_class.oid
    where not tgisinternal
    union all
    select 'rights', format('%%s %%s %%s', nspname, relname, right_given)
    from own join pg_class on relnamespace = own.oid and relkind in ('r', 'v'),
        unnest(array['chiso_analyst', 'chiso_bi', 'chiso_unit']) as reader,
        lateral (select reader || has_table_privilege(reader, pg_class.oid, 'select')
            || has_schema_privilege(reader, own.oid, 'usage')) as rights (right_given)
"""


@contextmanager
def restored(dump: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The warehouse of a dump, found by ``database.connect()``."""
    admin_url = database.embedded_url(database.SUPERUSER, "postgres")
    name = "upgraded"
    with database.open_url(admin_url, autocommit=True) as admin:
        server.create_database(admin, name, database.OWNER)
        server.let_readers_in(admin, name)
        url = database.embedded_url(database.OWNER, name)
        monkeypatch.setenv("CHISO_AIRFLOW_DATABASE_URL", database.airflow_url())
        monkeypatch.setenv("CHISO_DATABASE_URL", url)
        monkeypatch.setenv("CHISO_SECRET_KEY", KEY)
        psql = [
            program("psql"),
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={url}",
        ]
        script = lzma.decompress(dump.read_bytes())
        subprocess.run(psql, input=script, stdout=subprocess.DEVNULL, check=True)
        try:
            with database.connect(autocommit=True) as connection:
                yield connection
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def catalogue(connection: psycopg.Connection) -> set[tuple[str, str]]:
    schemas = [*KEPT, "convert", "load"]
    return set(connection.execute(CATALOGUE.encode(), {"schemas": schemas}).fetchall())


def contents(connection: psycopg.Connection) -> dict[str, list[str]]:
    """The rows of each kept table, as text of the columns that it has."""
    names = connection.execute(
        "select oid::regclass::text from pg_class where relkind = 'r'"
        " and relnamespace = any(array(select oid from pg_namespace where nspname = any(%s)))",
        [list(KEPT)],
    ).fetchall()
    return {name: rows(connection, name, columns(connection, name)) for (name,) in names}


def columns(connection: psycopg.Connection, table: str) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
            " and not attisdropped order by attname",
            [table],
        )
    ]


def rows(connection: psycopg.Connection, table: str, columns: list[str]) -> list[str]:
    listed = ", ".join(f'"{column}"' for column in columns)
    query = f"select row({listed})::text from {table} order by 1"
    return [row for (row,) in connection.execute(query.encode())]


@pytest.fixture(scope="module")
def wanted(warehouse: Path) -> set[tuple[str, str]]:
    """What a warehouse that this version makes is like."""
    with database.connect() as connection:
        return catalogue(connection)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.name.partition(".")[0])
def test_an_earlier_warehouse_becomes_like_a_new_one_and_keeps_its_rows(
    dump: Path, wanted: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with restored(dump, monkeypatch) as connection:
        before = {
            table: (columns(connection, table), found)
            for table, found in contents(connection).items()
        }
        assert before["raw.dossiers"][1]
        tables.prepare()
        assert catalogue(connection) ^ wanted == set()
        for table, (known, found) in before.items():
            if table not in ("ops.source", "ops.unit_reader"):  # said by the software
                assert rows(connection, table, known) == found, table


def test_nights_go_on_in_the_oldest_warehouse_as_in_the_newest(
    postgres: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that came then comes once more, for an early version did not read all of it."""
    with tarfile.open(EXPORTS) as archive:
        archive.extractall(tmp_path, filter="data")
    nights = [night + timedelta(days=2) for night in NIGHTS]
    for before, night in zip(NIGHTS, nights, strict=True):
        (tmp_path / str(before)).rename(tmp_path / str(night))
    monkeypatch.setenv("CHISO_EXPORTS", str(tmp_path))
    marts = []
    for dump in (OLDEST, NEWEST):
        with restored(dump, monkeypatch) as connection:
            tables.prepare()
            for night in nights:
                fetch_day(night)
                check_day(night)
            build_marts()
            open_gate()
            marts.append(
                {
                    mart: rows(connection, mart, columns(connection, mart))
                    for mart in ("marts.fct_indicator", "marts.fct_scorecard", "marts.plan_target")
                }
            )
    assert all(marts[0].values())
    assert marts[0] == marts[1]


def test_the_newest_dump_is_of_this_version(
    postgres: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NEWEST.name.startswith(f"{tables.VERSION:02}"), "tests/upgrades/dump.py says how"
    with database.connect() as connection:
        now = tables.version(connection)
    with restored(NEWEST, monkeypatch) as connection:
        assert tables.version(connection) == now, "VERSION has to be one higher"


def test_a_warehouse_of_a_newer_software_is_not_touched(
    postgres: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with restored(NEWEST, monkeypatch) as connection:
        newer = f"version {tables.VERSION + 1} of a later day"
        connection.execute(f"comment on schema ops is '{newer}'".encode())
        before = catalogue(connection)
        with pytest.raises(ChisoError, match=r"phần mềm mới hơn .* hãy cập nhật phần mềm"):
            tables.prepare()
        assert tables.version(connection) == newer.removeprefix("version ")
        assert catalogue(connection) == before
