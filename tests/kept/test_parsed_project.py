"""dbt's project is parsed once for many nights, and again when a file of it has changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.build import run_dbt
from chiso766.database import connect

FIRST, SECOND = date(2026, 11, 19), date(2026, 11, 20)


@pytest.fixture
def project(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the dbt project, which the build takes instead of the real one."""
    current = settings.load()
    shutil.copytree(current.project_root / "dbt", tmp_path / "dbt")
    changed = replace(current, project_root=tmp_path)
    monkeypatch.setattr(settings, "load", lambda: changed)
    shutil.rmtree(current.home / "dbt" / "parsed", ignore_errors=True)
    return tmp_path / "dbt"


def test_a_second_night_reads_what_the_first_parsed_and_has_its_own_day(project: Path) -> None:
    assert ends_on(FIRST) == FIRST
    [parsed] = kept()
    written = parsed.stat()

    assert ends_on(SECOND) == SECOND
    assert kept() == [parsed]
    assert parsed.stat().st_ino == written.st_ino


def test_a_changed_model_is_seen_and_the_old_project_is_gone(project: Path) -> None:
    ends_on(FIRST)
    [parsed] = kept()
    model = project / "models" / "intermediate" / "int_now.sql"
    model.write_text(model.read_text().replace(" as ends_on", " + 7 as ends_on"))

    assert ends_on(FIRST) == date(2026, 11, 26)
    [other] = kept()
    assert other != parsed


def test_what_decides_where_a_model_is_built_has_its_own_parsed_project(project: Path) -> None:
    ends_on(FIRST)
    assert run_dbt(["run", "--select", "int_now"], SECOND, 0, rebuild_schema="apart").success

    assert len(kept()) == 2
    assert day_in("apart") == SECOND
    assert day_in("intermediate_next") == FIRST


def ends_on(day: date) -> date:
    assert run_dbt(["run", "--select", "int_now"], day, 0).success
    return day_in("intermediate_next")


def day_in(schema: str) -> date:
    with connect() as connection:
        [(day,)] = connection.execute(f"select ends_on from {schema}.int_now".encode()).fetchall()
    return day  # type: ignore[no-any-return]


def kept() -> list[Path]:
    return sorted((settings.load().home / "dbt" / "parsed").iterdir())
