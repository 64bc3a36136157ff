"""Golden cases: tiny exports in, expected rows out, each named for the rule it defends."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chiso766 import database, server
from chiso766.sources import SOURCES

from .cases import FOLDER, Case, all_cases, read_csv

CASES = all_cases()
WAREHOUSES = sorted({case.warehouse for case in CASES})
FEWEST_CASES = 4


def _unread(case: Case) -> set[str]:
    return case.sources - set(SOURCES)


@pytest.fixture(scope="module")
def marts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The marts of a warehouse that holds every case that names it, built once."""
    home = tmp_path_factory.mktemp("golden")
    cases = [case for case in CASES if case.warehouse == request.param and not _unread(case)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        environment.setenv("CHISO_EXPORTS", str(home / "exports"))
        environment.setenv("CHISO_DATABASE_URL", "")
        server.start()
        try:
            _run_nights(cases, home / "exports")
            with database.connect() as connection:
                _assert_every_row_was_taken(connection)
                yield connection
        finally:
            server.stop()


def _run_nights(cases: list[Case], exports: Path) -> None:
    for case in cases:
        case.drop_into(exports)
    nights = sorted({night.isoformat() for case in cases for night in case.nights})
    run = [sys.executable, str(FOLDER / "run_nights.py"), *nights]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _assert_every_row_was_taken(connection: psycopg.Connection) -> None:
    refused = connection.execute("select refusal from ops.load where state = 'refused'").fetchall()
    set_aside = connection.execute('select file_name, line, rule from set_aside."row"').fetchall()
    assert (refused, set_aside) == ([], [])


# The cases of one warehouse stand together and name it by the same object: pytest keeps a
# fixture only until a parameter that is not identical is asked for.
@pytest.mark.parametrize(
    ("marts", "case"),
    [
        pytest.param(warehouse, case, id=case.name)
        for warehouse in WAREHOUSES
        for case in CASES
        if case.warehouse == warehouse
    ],
    indirect=["marts"],
)
def test_golden_case(marts: psycopg.Connection, case: Case) -> None:
    if _unread(case):
        pytest.skip(f"sources that are not read yet: {', '.join(_unread(case))}")
    differences = case.differences(marts)
    assert not differences, "\n".join([case.name, *differences])


def test_every_indicator_has_at_least_four_golden_cases() -> None:
    expectations = {case: read_csv(case.folder / "expected.csv") for case in CASES}
    defended = Counter(
        case.indicator
        for case, rows in expectations.items()
        if any(row["indicator_code"] == case.indicator for row in rows)
    )
    indicators = {row["indicator_code"] for rows in expectations.values() for row in rows}
    assert len(indicators) == 24
    assert {code: defended[code] for code in indicators if defended[code] < FEWEST_CASES} == {}


def test_the_index_lists_every_golden_case_once() -> None:
    folders = {str(file.parent.relative_to(FOLDER)) for file in FOLDER.glob("**/expected.csv")}
    assert sorted(case.name for case in CASES) == sorted(folders)
    assert len({case.number for case in CASES}) == len(CASES)


def test_golden_cases_keep_to_their_own_codes() -> None:
    foreign = [
        f"{case.name}: {row['unit_code']}"
        for case in CASES
        for row in read_csv(case.folder / "expected.csv")
        if row["unit_code"].partition(".")[0] != f"G{case.number}"
    ]
    assert foreign == []
