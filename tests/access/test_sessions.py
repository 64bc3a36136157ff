"""Who came into the database, and what was asked of the rows set aside, is known a year later."""

from __future__ import annotations

import stat
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from chiso766 import backup, database, settings

from .conftest import OF_ANOTHER_UNIT, SEALED

TYPED = "gia-tri-da-go-4715"


def whole_log() -> str:
    """What the server wrote."""
    return "".join(
        path.read_text(encoding="utf-8")
        for path in sorted(settings.load().logs.glob("postgresql-20*.log"))
    )


@pytest.fixture
def written(admin: psycopg.Connection) -> str:
    """The log after readers came and went, and one knocked with a wrong password."""
    for role in ("chiso_analyst", "chiso_bi", OF_ANOTHER_UNIT):
        url = database.warehouse_url(role)
        with psycopg.connect(url, application_name=f"cong-cu-{role}") as connection:
            connection.execute("select 1")
    with database.connect("chiso_analyst") as connection:
        connection.execute("select value from set_aside.row where rule <> %s", [TYPED])
        found = connection.execute("select value from set_aside.row").fetchall()
    assert (SEALED,) in found
    with suppress(psycopg.OperationalError):
        psycopg.connect(database.with_login(database.warehouse_url(), "chiso_bi", "sai"))
    until_written(admin)
    return whole_log()


def until_written(admin: psycopg.Connection) -> None:
    """The server's collector writes lines in their order, some of them after the answer."""
    mark = str(uuid4())
    admin.execute("set log_statement = 'all'")
    for _ in range(10_000):
        admin.execute(f"select '{mark}'".encode())
        if mark in whole_log():
            break
    else:
        raise AssertionError("the server does not log")
    admin.execute("reset log_statement")


def lines(written: str, role: str) -> list[str]:
    return [line for line in written.splitlines() if f" {role}@chiso 127.0.0.1 " in line]


@pytest.mark.parametrize("role", ["chiso_analyst", "chiso_bi", OF_ANOTHER_UNIT, "chiso_etl"])
def test_a_session_is_logged_with_account_place_program_and_end(written: str, role: str) -> None:
    begun = [line for line in lines(written, role) if "connection authorized" in line]
    assert begun
    assert all(f"user={role} database=chiso" in line for line in begun)
    program = "chiso766" if role == "chiso_etl" else f"cong-cu-{role}"
    assert [line for line in begun if f" application_name={program}" in line]
    assert [line for line in lines(written, role) if "disconnection: session time" in line]


def test_a_refused_login_is_logged(written: str) -> None:
    refused = [line for line in lines(written, "chiso_bi") if "FATAL:  password" in line]
    assert len(refused) >= 1


def test_what_is_asked_of_the_rows_set_aside_is_logged_without_what_they_hold(
    written: str,
) -> None:
    asked = [line for line in lines(written, "chiso_analyst") if "set_aside.row" in line]
    assert [line for line in asked if "where rule <> $1" in line]
    assert [line for line in asked if line.endswith("select value from set_aside.row")]
    assert SEALED not in written
    assert TYPED not in written
    for role in ("chiso_bi", OF_ANOTHER_UNIT, "chiso_etl"):  # these have nothing that is restricted
        assert not [line for line in lines(written, role) if "select" in line]


def test_the_logs_are_their_owner_s_alone(written: str) -> None:
    logs = list(settings.load().logs.glob("postgresql-20*.log"))
    assert logs
    assert {stat.S_IMODE(path.stat().st_mode) for path in logs} == {0o600}
    assert stat.S_IMODE(settings.load().logs.stat().st_mode) == 0o700


def test_records_stay_for_a_year_and_older_ones_go_in_the_night(
    admin: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_BACKUPS", str(tmp_path))
    newest = max(
        date.fromisoformat(path.stem.removeprefix("postgresql-"))
        for path in settings.load().logs.glob("postgresql-20*.log")
    )
    kept, gone = newest - timedelta(days=366), newest - timedelta(days=401)
    other = settings.load().logs / "postgresql-start.log"
    for path in (log(kept), log(gone), other):
        path.touch()
    admin.execute(
        "insert into ops.file_export (started_at, account, role, command, content, path)"
        " select now() - make_interval(days => age), 'ai', 'chiso_etl', 'cũ', age::text, '-'"
        " from unnest(array[0, 366, 401]) as age"
    )
    backup.nightly()
    assert log(newest).exists()
    assert log(kept).exists()
    assert not log(gone).exists()
    assert other.exists()
    left = admin.execute(
        "select content from ops.file_export where command = 'cũ' order by content"
    ).fetchall()
    assert left == [("0",), ("366",)]


def log(day: date) -> Path:
    return settings.load().logs / f"postgresql-{day}.log"
