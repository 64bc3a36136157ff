"""Nights on Citus end in the same rows, marts and page as on one PostgreSQL.

CHISO_TEST_CITUS_URL names a database on the coordinator of a cluster with two workers or more. It
belongs to its account and to the tests: all that is in it is dropped. The account may create roles;
the cluster asks chiso_analyst and chiso_bi for no password, which another run may have set.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from chiso766 import server, why
from chiso766 import warehouse as warehouse_tables
from chiso766.build import build_marts
from chiso766.database import READERS, connect
from chiso766.gate import open_gate
from chiso766.publish import page_path, publish_reports
from chiso766.sample import write_sample

from ..deliveries import load_days, select

CITUS_URL = os.environ.get("CHISO_TEST_CITUS_URL", "")

pytestmark = pytest.mark.skipif(
    not CITUS_URL, reason="needs a cluster of Citus: CHISO_TEST_CITUS_URL names a database of it"
)

# The first two nights fill both copies of the tables that are kept. The third goes on from the
# first: into a new month, with a late file of the first night and a dossier that is withdrawn.
NIGHTS = [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
SCHEMAS = ("marts", "raw", "set_aside", "history")
# When something was done differs.
TIMES = {"loaded_at", "built_at"}
SPREAD = {
    "raw.dossiers",
    "intermediate.int_dossier",
    "intermediate.int_dossier_moment",
    "intermediate.int_dossier_now",
    "intermediate.int_dossier_period",
    "intermediate.int_naming_petition",
    "intermediate.int_rating",
    "intermediate.int_shown_for",
    "intermediate.int_supplement",
}

Lines = dict[str, Counter[str]]
"""Table -> its rows, as texts."""


@contextmanager
def on_citus() -> Iterator[None]:
    """There ``database.connect()`` finds the coordinator; elsewhere one PostgreSQL."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_DATABASE_URL", CITUS_URL)
        environment.setenv("CHISO_CITUS", "1")
        yield


@pytest.fixture(scope="module")
def cluster(warehouse: Path) -> Iterator[Path]:
    """An empty warehouse on each of the two; the value is the drop folder of both."""
    with on_citus():
        empty()
        server.start()
        warehouse_tables.prepare()
        with connect() as connection:  # as a newer version finds it
            connection.execute("comment on schema ops is null")
        warehouse_tables.prepare()
    yield warehouse
    with on_citus():
        empty()


def empty() -> None:
    with connect(autocommit=True) as connection:
        schemas = connection.execute(
            "select nspname from pg_namespace where nspowner = current_user::regrole"
        ).fetchall()
        for (schema,) in schemas:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


@pytest.fixture(scope="module")
def apart(cluster: Path) -> dict[date, dict[str, Any]]:
    """Night -> what then stands on one of the two only: rows by table, and the page."""
    sample = {"days": len(NIGHTS), "last_day": NIGHTS[-1], "seed": 7, "dirt": 0.05}
    write_sample(cluster, units=3, dossiers=200, **sample)
    late = max((cluster / f"{NIGHTS[0]}" / "dossiers").iterdir())
    kept_back = late.rename(cluster.with_name(late.name))
    for night in NIGHTS[1:]:  # after a change of units everything is made anew
        shutil.rmtree(cluster / f"{night}" / "units")
    found = {}
    for night in NIGHTS:
        days = [night]
        if night == NIGHTS[2]:
            kept_back.rename(late)
            days.insert(0, NIGHTS[0])
            withdraw(cluster / f"{night}" / "dossiers")
        here = after(*days)
        with on_citus():
            there = after(*days)
        found[night] = {
            name: (here[name] - there[name], there[name] - here[name])
            for name in here.keys() | there.keys()
            if here[name] != there[name]
        }
    return found


def withdraw(folder: Path) -> None:
    """Let a file that leaves out all other columns say that an open dossier was withdrawn."""
    [dossier] = select("select min(dossier_code) as code from marts.fct_dossier where status = 4")
    (folder / "rut_ho_so.csv").write_text(f"MaHoSo,TrangThaiHoSo\n{dossier['code']},7\n")


def after(*days: date) -> Lines:
    """What the warehouse holds after a night that loads these days."""
    load_days(*days)
    build_marts()
    open_gate()
    publish_reports()
    with connect() as connection:
        rows = {
            f"{schema}.{name}": lines(connection, schema, name)
            for schema, name in held(connection, *SCHEMAS)
        }
    return rows | {"page": Counter(page_path().read_text(encoding="utf-8").splitlines())}


def held(connection: psycopg.Connection, *schemas: str) -> list[tuple[str, str]]:
    """Schema and name of every table and view."""
    return connection.execute(
        "select nspname, relname from pg_class join pg_namespace as space"
        " on space.oid = relnamespace where nspname = any(%s) and relkind in ('r', 'v')",
        [list(schemas)],
    ).fetchall()


def lines(connection: psycopg.Connection, schema: str, name: str) -> Counter[str]:
    table = sql.Identifier(schema, name)
    cursor = connection.execute(sql.SQL("select * from {} limit 0").format(table))
    columns = [column.name for column in cursor.description or ()]
    shown = sql.SQL(", ").join(sql.Identifier(each) for each in sorted({*columns} - TIMES))
    rows = connection.execute(sql.SQL("select row({})::text from {}").format(shown, table))
    return Counter(line for (line,) in rows)


@pytest.mark.parametrize("night", NIGHTS)
def test_every_row_and_mart_is_that_of_one_postgresql(
    apart: dict[date, dict[str, Any]], night: date
) -> None:
    assert apart[night] == {}


def test_the_nights_went_on_from_kept_tables(apart: dict[date, dict[str, Any]]) -> None:
    with on_citus():
        [changed] = select("select count(*) as dossiers from intermediate.int_changed_dossier")
        [known] = select("select count(*) as dossiers from marts.fct_dossier")
    assert 0 < changed["dossiers"] < known["dossiers"]


def test_a_dossier_that_was_withdrawn_keeps_what_its_file_left_out(
    apart: dict[date, dict[str, Any]],
) -> None:
    with on_citus():
        [dossier] = select(
            "select mahoso, matthc from raw.dossiers where file_name = 'rut_ho_so.csv'"
        )
        [shown] = select(
            "select is_returned, procedure_code from marts.fct_dossier where dossier_code = %s",
            dossier["mahoso"],
        )
    assert dossier["matthc"] is not None
    assert shown == {"is_returned": True, "procedure_code": dossier["matthc"]}


def test_rows_of_dossiers_lie_on_the_workers_those_of_a_unit_together(
    apart: dict[date, dict[str, Any]],
) -> None:
    with on_citus():
        spread = select(
            "select table_name::text as name, colocation_id from citus_tables"
            " where citus_table_type = 'distributed' and table_name::text !~ '_next[.]'"
        )
        workers = select(
            "select distinct nodename, nodeport from citus_shards"
            " where table_name = 'raw.dossiers'::regclass"
        )
    assert {each["name"] for each in spread} == SPREAD
    assert len({each["colocation_id"] for each in spread}) == 1
    assert len(workers) > 1


def test_the_evidence_of_a_unit_is_looked_up_where_it_lies(
    apart: dict[date, dict[str, Any]],
) -> None:
    """Nothing is brought to the coordinator before it is filtered: no plan within the plan."""
    with on_citus():
        plan = select(
            "explain select * from marts.indicator_evidence where unit_code = 'H24.999'"
            " and period_type = 'month' and period_start = '2026-10-01' and indicator_code = '2.1'"
        )
    assert "Subplan" not in repr(plan)


def test_why_a_score_changed_is_told_alike(apart: dict[date, dict[str, Any]]) -> None:
    def told() -> Any:
        return why.as_json(why.explain("H24.999", "2026-10", NIGHTS[1], NIGHTS[2]))

    here = told()
    with on_citus():
        assert told() == here


@pytest.mark.parametrize("reader", READERS)
def test_who_reads_the_marts_sees_all_of_them(
    apart: dict[date, dict[str, Any]], reader: str
) -> None:
    """Workers are asked in the reader's own name, also for what stands behind a view."""
    with on_citus(), connect(reader) as connection, connect() as owner:
        for table in held(connection, "marts"):
            assert lines(connection, *table) == lines(owner, *table), table
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select count(*) from raw.dossiers")
