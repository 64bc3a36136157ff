"""Golden cases: tiny exports in, expected rows out, each named for the rule it defends."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg
import pytest

from chiso766 import database, server

from .cases import FOLDER, Case, all_cases, read_csv

CASES = all_cases()
FEWEST_CASES = 4

Differences = dict[str, list[str]]


@pytest.fixture(scope="module")
def differences_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Differences]:
    """Builds a warehouse when its first case asks for it, and compares all its cases at once.

    A parametrised fixture would be built anew for every case.
    """

    @cache
    def differences(warehouse: str) -> Differences:
        cases = [case for case in CASES if case.warehouse == warehouse]
        return _differences(cases, tmp_path_factory.mktemp("golden"))

    return differences


def _differences(cases: list[Case], home: Path) -> Differences:
    for case in cases:
        case.drop_into(home / "exports")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        environment.setenv("CHISO_EXPORTS", str(home / "exports"))
        environment.setenv("CHISO_DATABASE_URL", "")
        server.start()
        try:
            failure = _run_nights(sorted({night for case in cases for night in case.nights}))
            if failure:
                return {case.name: [failure] for case in cases}
            with database.connect() as connection:
                untaken = _untaken_rows(connection)
                return {case.name: untaken + case.differences(connection) for case in cases}
        finally:
            server.stop()


def _run_nights(nights: list[str]) -> str:
    """What the run said if it failed."""
    run = [sys.executable, str(FOLDER / "run_nights.py"), *nights]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _untaken_rows(connection: psycopg.Connection) -> list[str]:
    """Golden exports keep to the contract, so no file is refused and no row set aside."""
    refused = connection.execute("select refusal from ops.load where state = 'refused'").fetchall()
    set_aside = connection.execute('select file_name, line, rule from set_aside."row"').fetchall()
    return [f"not taken: {row}" for row in refused + set_aside]


# The cases of one warehouse stand together, so that one server runs at a time.
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in sorted(CASES, key=lambda c: c.warehouse)]
)
def test_golden_case(case: Case, differences_in: Callable[[str], Differences]) -> None:
    differences = differences_in(case.warehouse)[case.name]
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
