"""The law's seeds and the compiled score model, on a PostgreSQL of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from chiso766 import database, server, settings

Row = dict[str, Any]

COLUMNS_OF_COUNTS = """
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
"""


class Law(NamedTuple):
    """The law as seeded in a warehouse, and the model that scores by it."""

    warehouse: str
    counts: str  # the table that stands where int_indicator_count will be
    score_query: str  # int_indicator_score as dbt compiled it


@pytest.fixture(scope="session")
def law(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Law]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        server.start()
        try:
            warehouse = database.warehouse_url()
            # Cautious: of the tests only those whose tables are all seeds.
            seeds = ("--select", "resource_type:seed", "--indirect-selection", "cautious")
            _dbt(warehouse, home, "build", *seeds)
            _dbt(warehouse, home, "compile", "--select", "int_indicator_score")
            nodes = json.loads((home / "target" / "manifest.json").read_text())["nodes"]
            counts = nodes["model.chiso766.int_indicator_count"]
            with psycopg.connect(warehouse) as connection:
                connection.execute(f"create schema {counts['schema']}")
                connection.execute(f"create table {counts['relation_name']} ({COLUMNS_OF_COUNTS})")
            compiled = nodes["model.chiso766.int_indicator_score"]["compiled_code"]
            yield Law(warehouse, counts["relation_name"], compiled)
        finally:
            server.stop()


def _dbt(warehouse: str, home: Path, *command: str) -> None:
    login = conninfo_to_dict(warehouse)
    environment = {
        "CHISO_DBT_HOST": login["host"],
        "CHISO_DBT_PORT": login["port"],
        "CHISO_DBT_USER": login["user"],
        "CHISO_DBT_PASSWORD": login["password"],
        "CHISO_DBT_DATABASE": login["dbname"],
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
        "DO_NOT_TRACK": "1",
    }
    project = str(settings.PROJECT_ROOT / "dbt")
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command]
        + ["--project-dir", project, "--profiles-dir", project],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def warehouse(law: Law) -> Iterator[psycopg.Connection[Row]]:
    """A connection whose changes are undone after the test."""
    with psycopg.connect(law.warehouse, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def scores(law: Law, warehouse: psycopg.Connection[Row]) -> Callable[[list[Row]], list[Row]]:
    """Rows of int_indicator_count -> rows of int_indicator_score, of every profile.

    What a row of counts does not say is that of a ward in November 2026.
    """

    def of(counts: list[Row]) -> list[Row]:
        for count in counts:
            places = ", ".join(f"%({column})s" for column in count)
            warehouse.execute(
                f"insert into {law.counts} ({', '.join(count)}) values ({places})", count
            )
        return warehouse.execute(law.score_query).fetchall()

    return of
