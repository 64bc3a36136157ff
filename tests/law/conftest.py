"""The law's seeds and the compiled score model, on a PostgreSQL of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from chiso766 import database, server, settings

Row = dict[str, Any]

COUNTS = "intermediate_next.int_indicator_count"
# What a test does not say of a row of counts is that of a ward in November 2026.
CREATE_COUNTS = f"""
create schema intermediate_next;
create table {COUNTS} (
    indicator_code text not null,
    numerator numeric,
    denominator numeric,
    unit_code text default 'H24.999',
    unit_level text default 'commune',
    period_type text default 'month',
    period_start date default '2026-11-01',
    ends_on date default '2026-11-30',
    has_source boolean default true,
    has_factor boolean default false,
    factor_numerator numeric,
    factor_denominator numeric
)
"""


class Law(NamedTuple):
    """The law as seeded in a warehouse; int_indicator_score and the law's tests as compiled."""

    warehouse: str
    score_query: str
    test_queries: list[str]


@pytest.fixture(scope="session")
def law(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Law]:
    home = tmp_path_factory.mktemp("home")
    with _installation(home):
        server.start()
        url = database.warehouse_url()
    try:
        with psycopg.connect(url) as connection:
            connection.execute(CREATE_COUNTS)
        target = home / "target"
        _build_law_and_score(url, target)
        [model] = target.glob("compiled/**/int_indicator_score.sql")
        tests = [path.read_text() for path in target.glob("compiled/**/*.sql")]
        tests = [query for query in tests if " as sentence" in query]
        yield Law(url, model.read_text(), tests)
    finally:
        with _installation(home):
            server.stop()


@contextmanager
def _installation(home: Path) -> Iterator[None]:
    """Settings of a server of our own; other tests of the session keep theirs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        environment.setenv("CHISO_DATABASE_URL", "")
        yield


def _build_law_and_score(url: str, target: Path) -> None:
    """Load the seeds, run the tests that need nothing else, and the score model on no counts."""
    login = conninfo_to_dict(url)
    environment = {
        "CHISO_DBT_HOST": login["host"],
        "CHISO_DBT_PORT": login["port"],
        "CHISO_DBT_USER": login["user"],
        "CHISO_DBT_PASSWORD": login["password"],
        "CHISO_DBT_DATABASE": login["dbname"],
        "DBT_TARGET_PATH": target,
        "DBT_LOG_PATH": target,
        "DO_NOT_TRACK": 1,
    }
    project = str(settings.PROJECT_ROOT / "dbt")
    command = ["build", "--select", "resource_type:seed", "int_indicator_score"]
    command += ["--indirect-selection", "cautious"]
    command += ["--project-dir", project, "--profiles-dir", project]
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def seeds(law: Law) -> Iterator[psycopg.Connection[Row]]:
    """A connection whose changes are undone after the test."""
    with psycopg.connect(law.warehouse, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def scores(law: Law, seeds: psycopg.Connection[Row]) -> Callable[[list[Row]], list[Row]]:
    """Rows of int_indicator_count -> rows of int_indicator_score, of every profile."""

    def of(counts: list[Row]) -> list[Row]:
        seeds.execute(f"delete from {COUNTS}")
        for count in counts:
            places = ", ".join(f"%({column})s" for column in count)
            seeds.execute(f"insert into {COUNTS} ({', '.join(count)}) values ({places})", count)
        return seeds.execute(law.score_query).fetchall()

    return of


@pytest.fixture
def faults(law: Law, seeds: psycopg.Connection[Row]) -> Callable[[], set[str]]:
    """The sentences of the law's tests about the seeds as they stand in the transaction."""

    def of() -> set[str]:
        return {
            row["sentence"] for query in law.test_queries for row in seeds.execute(query.encode())
        }

    return of
