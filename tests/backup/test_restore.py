"""A restore does all or nothing: refused, failed or killed, it leaves the warehouse as it was."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psycopg
import pytest

from chiso766 import backup, backup_file, database, restore
from chiso766.errors import ChisoError

from ..deliveries import load_days
from ..faults import nights
from ..faults.injection import A_PROCESS, END, Fault
from ..faults.nights import FIRST, LOADING
from .machines import Machine, superuser

DATABASES = {"postgres", "template0", "template1", "chiso", "airflow"}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A warehouse with the loads of a night and a mart."""
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder / "home", folder / "exports")
    machine.start()
    with machine.here():
        with superuser() as admin:  # as on a server of another, for the tests below
            admin.execute("grant connect on database postgres to chiso_etl")
        LOADING[0].deliver()
        load_days(FIRST)
        with database.connect() as connection:
            connection.execute("create table marts.fct_unit as select 'H24.999' as unit_code")
            connection.execute(
                "insert into ops.build (as_of_day, last_load_id, state)"
                " values (%s, 1, 'published')",
                [FIRST],
            )
    yield machine
    machine.stop()


@pytest.fixture(autouse=True)
def here(machine: Machine) -> Iterator[None]:
    with machine.here():
        yield


@pytest.fixture(scope="module")
def saved(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of the machine's warehouse."""
    path = tmp_path_factory.mktemp("saved") / "kho.chiso766"
    with machine.here():
        backup.run(path)
    return path


@pytest.fixture
def standing(machine: Machine, saved: Path) -> str:
    """A warehouse that went on since it was saved; the value is the digest of all of it."""
    go_on()
    return machine.digest()


def go_on() -> None:
    with database.connect() as connection:
        connection.execute("delete from ops.fetch_failure")
        connection.execute("insert into ops.fetch_failure values (%s, null, null, 'mới')", [FIRST])


def went_on() -> bool:
    with database.connect() as connection:
        return connection.execute("select from ops.fetch_failure").fetchone() is not None


def changed(saved: Path, path: Path, **manifest: Any) -> Path:
    """A copy of a backup that says something else of itself."""
    with ZipFile(saved) as archive, ZipFile(path, "w") as copy:
        said = json.loads(archive.read("manifest.json"))
        copy.writestr("manifest.json", json.dumps(said | manifest))
        copy.writestr(backup_file.DUMP, archive.read(backup_file.DUMP))
    return path


def test_a_warehouse_that_holds_something_is_replaced_only_where_that_is_said(
    machine: Machine, saved: Path, standing: str
) -> None:
    with pytest.raises(ChisoError, match=r"đang có dữ liệu.*--replace"):
        restore.run(saved, replace=False)
    assert machine.digest() == standing
    restore.run(saved, replace=True)
    assert not went_on()


def test_who_reads_at_that_moment_is_sent_away_and_reads_the_restored_one_then(
    saved: Path, standing: str
) -> None:
    with database.connect("chiso_bi") as reader:
        reader.execute("select from marts.fct_unit")
        restore.run(saved, replace=True)
        with pytest.raises(psycopg.OperationalError):
            reader.execute("select from marts.fct_unit")
    with database.connect("chiso_bi") as reader:
        assert reader.execute("select 1 from marts.fct_unit limit 1").fetchall() == [(1,)]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_file_that_is_cut_is_refused(
    machine: Machine, saved: Path, standing: str, tmp_path: Path, share: float
) -> None:
    cut = tmp_path / "cut.chiso766"
    content = saved.read_bytes()
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ChisoError, match="bị cắt"):
        restore.run(cut, replace=True)
    assert machine.digest() == standing


def test_a_file_with_one_wrong_bit_is_refused(saved: Path, tmp_path: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    spoilt = tmp_path / "spoilt.chiso766"
    spoilt.write_bytes(content)
    with pytest.raises(ChisoError, match="bị hỏng"):
        restore.run(spoilt, replace=True)


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    text, archive = tmp_path / "ho-so.csv", tmp_path / "bang.xlsx"
    text.write_text("MaHoSo\n")
    with ZipFile(archive, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    for path in (text, archive):
        with pytest.raises(ChisoError, match="không phải là bản sao lưu"):
            restore.run(path, replace=True)
    for path in (tmp_path, tmp_path / "không-có"):
        with pytest.raises(ChisoError, match="Không đọc được"):
            restore.run(path, replace=True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"format": 2}, "phiên bản mới hơn"),
        ({"software": "99.0.0"}, "chiso766 99.0.0 ghi.*cập nhật phần mềm"),
        ({"postgres": 99}, "PostgreSQL 99"),
        ({"owner": "chu_khac"}, "của tài khoản chu_khac"),
        ({"roles": ["chiso_bi", "power_bi"]}, "thiếu vai trò.*: power_bi;"),
        ({"size": 2**60}, "hãy dọn bớt"),
        ({"day": "2026-11-09"}, "không khớp"),
    ],
)
def test_a_backup_that_does_not_fit_here_is_refused(
    machine: Machine,
    saved: Path,
    standing: str,
    tmp_path: Path,
    said: dict[str, Any],
    sentence: str,
) -> None:
    path = changed(saved, tmp_path / "other.chiso766", **said)
    with pytest.raises(ChisoError, match=sentence):
        restore.run(path, replace=True)
    assert machine.digest() == standing
    assert machine.databases() == DATABASES


def test_a_dump_that_postgresql_cannot_read_is_refused(
    machine: Machine, standing: str, saved: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.chiso766"
    with ZipFile(saved) as archive, ZipFile(path, "w") as copy:
        copy.writestr("manifest.json", archive.read("manifest.json"))
        copy.writestr(backup_file.DUMP, b"PGDMP\x7f")
    with pytest.raises(ChisoError, match="pg_restore"):
        restore.run(path, replace=True)
    assert machine.digest() == standing


def test_another_key_and_a_landing_area_that_lacks_files_are_said(
    machine: Machine, saved: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    restore.run(saved, replace=True)
    assert len(capsys.readouterr().out.splitlines()) == 1
    landing, key = machine.home / "landing", machine.home / "secret.key"
    landing.rename(tmp_path / "landing")
    before = key.read_bytes()
    key.write_bytes(b"k" * 64)
    try:
        restore.run(saved, replace=True)
    finally:
        (tmp_path / "landing").rename(landing)
        key.write_bytes(before)
    said = capsys.readouterr().out
    assert "không phải là khóa mà kho dữ liệu đã được ghi bằng" in said
    assert "Vùng lưu thiếu" in said


def test_what_was_saved_with_other_settings_is_brought_to_those_of_here(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older version is: by what every start completes."""
    monkeypatch.setenv("CHISO_UNIT", "H24.998")
    restore.run(saved, replace=True)
    with database.connect() as connection:
        home = connection.execute(
            "select unit_code from ops.unit_reader where reader = 'chiso_unit'"
        )
        assert home.fetchall() == [("H24.998",)]


def test_who_may_not_make_databases_is_told_so(
    machine: Machine, saved: Path, standing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_DATABASE_URL", database.warehouse_url())
    with pytest.raises(ChisoError, match="createdb"):
        restore.run(saved, replace=True)
    monkeypatch.setenv("CHISO_DATABASE_URL", "")
    assert machine.digest() == standing


def test_on_a_server_of_another_it_is_restored_by_an_account_that_may(
    machine: Machine, saved: Path, standing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with superuser() as admin:
        admin.execute("alter role chiso_etl createdb")
        admin.execute("grant pg_signal_backend to chiso_etl")
        try:
            with monkeypatch.context() as environment:
                environment.setenv("CHISO_DATABASE_URL", database.warehouse_url())
                restore.run(saved, replace=True)
        finally:
            admin.execute("revoke pg_signal_backend from chiso_etl")
            admin.execute("alter role chiso_etl nocreatedb")
    assert not went_on()


def test_a_database_of_something_else_is_not_taken_for_an_empty_one(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = database.in_database(database.warehouse_url(), "khach")
    with superuser() as admin:
        admin.execute("create database khach owner chiso_etl")
        with database.open_url(there) as connection:
            connection.execute("create table public.khach ()")
        try:
            with monkeypatch.context() as environment:
                environment.setenv("CHISO_DATABASE_URL", there)
                with pytest.raises(ChisoError, match="khach đang có dữ liệu"):
                    restore.run(saved, replace=False)
        finally:
            admin.execute("drop database khach")


def test_killed_at_any_moment_it_leaves_one_warehouse_whole(
    machine: Machine, saved: Path, standing: str
) -> None:
    """The old one as it was, or the restored one; and the same command again ends well.

    From where the rows are being restored; with ``CHISO_TEST_CRASHES``, from the first statement.
    """
    step = nights.Step("restore", lambda: restore.run(saved, replace=True))
    assert nights.run(step) == 0
    events = nights.note()["events"]
    restored = machine.digest()
    assert events[-1] == END
    restoring = len(events) - events[::-1].index(A_PROCESS)
    first = 1 if os.environ.get("CHISO_TEST_CRASHES") else restoring
    stood = set()
    for number in range(first, len(events) + 1):
        go_on()
        before = machine.digest()
        assert nights.run(step, Fault("kill", number)) == -signal.SIGKILL
        after = machine.digest()
        assert after in (before, restored), events[number - 1]
        stood.add(after == restored)
    assert stood == {False, True}
    assert nights.run(step) == 0
    assert machine.digest() == restored
    assert machine.databases() == DATABASES
