"""A backup is written whole or not at all, for its owner only; nights keep some and drop others."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from chiso766 import backup, backup_file, database, server, settings
from chiso766.build_lock import build_lock
from chiso766.errors import ChisoError

from ..faults.test_crashes import small_disk

DAY = date(2026, 11, 20)
Chiso = Callable[..., Any]


@pytest.fixture
def published(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A warehouse with a night that was published; the value is the folder of the backups."""
    monkeypatch.setenv("CHISO_BACKUPS", str(tmp_path / "backups"))
    with database.connect() as connection:
        connection.execute("insert into ops.night values (%s, true)", [DAY])
        connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state) values (%s, 0, 'published')",
            [DAY],
        )
    yield tmp_path / "backups"
    with database.connect() as connection:
        connection.execute("delete from ops.build")
        connection.execute("delete from ops.night")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_says_what_it_is_of_and_only_its_owner_reads_it(
    published: Path, chiso: Chiso, tmp_path: Path
) -> None:
    path = tmp_path / "kho.chiso766"
    done = chiso("backup", str(path))
    assert done.returncode == 0, done.stderr
    assert "secret.key" in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with backup_file.checked(path) as (manifest, _):
        assert (manifest.day, manifest.owner) == (str(DAY), database.OWNER)
        assert manifest.software == backup.software_version() == "1.0.0"
        assert set(database.READERS) <= set(manifest.roles)
        assert not any(key.decode() in str(manifest) for key in settings.load().secret_keys)
    assert chiso("backup", str(path)).returncode == 0  # a newer one in its place


def test_a_file_that_is_no_backup_is_not_written_over(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "bao-cao.xlsx"
    path.write_text("quý giá")
    with pytest.raises(ChisoError, match="không phải là bản sao lưu"):
        backup.run(path)
    assert path.read_text() == "quý giá"


@pytest.mark.parametrize("place", ["không-có/kho.chiso766", "."])
def test_a_place_that_cannot_be_written_is_named(
    published: Path, tmp_path: Path, place: str
) -> None:
    with pytest.raises(ChisoError, match=r"Không (ghi|đọc) được bản sao lưu"):
        backup.run(tmp_path / place)


def test_on_a_full_disk_nothing_half_stays_and_nothing_old_goes(published: Path) -> None:
    published.mkdir()
    with small_disk(published, "64k"):
        old = [published / f"{DAY - timedelta(days=days)}.chiso766" for days in range(1, 40)]
        for path in old:
            path.touch()
        with pytest.raises(ChisoError, match="No space left"):
            backup.nightly()
        assert names(published) == sorted(path.name for path in old)


def test_killed_it_leaves_what_was_there_and_names_no_password_to_other_processes(
    published: Path, tmp_path: Path
) -> None:
    path = tmp_path / "kho.chiso766"
    backup.run(path)
    before = path.read_bytes()
    with database.connect() as holder, database.connect(autocommit=True) as looking:
        holder.execute("lock table ops.sighting")  # pg_dump waits for it
        command = [sys.executable, "-P", "-m", "chiso766", "backup", str(path)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as saving:
            waiting = "select from pg_locks where locktype = 'relation' and not granted"
            while looking.execute(waiting.encode()).fetchone() is None:
                assert saving.poll() is None
            family = [psutil.Process(saving.pid), *psutil.Process(saving.pid).children()]
            lines = [process.cmdline() for process in family]
            saving.kill()
    assert "pg_dump" in lines[1][0]
    assert database.password(database.OWNER) not in str(lines)
    assert path.read_bytes() == before
    psutil.wait_procs(family)
    backup.run(path)  # what was cut off is overwritten
    assert names(tmp_path) == ["kho.chiso766"]


def test_a_step_that_is_at_work_is_waited_for(published: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "chiso766", "backup", str(tmp_path / "kho.chiso766")]
    with database.connect(autocommit=True) as looking:
        with build_lock():
            saving = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            waiting = "select from pg_locks where locktype = 'advisory' and not granted"
            while looking.execute(waiting.encode()).fetchone() is None:
                assert saving.poll() is None
            assert not (tmp_path / "kho.chiso766.draft").exists()
        assert saving.wait() == 0


def test_a_night_leaves_a_backup_of_its_day_and_rotates(published: Path) -> None:
    published.mkdir()
    years = [DAY - timedelta(days=days) for days in range(1, 800)]
    for day in years:
        (published / f"{day}.chiso766").touch()
    others = ["2026-11-01.chiso766.txt", "ghi-chú", "kho.chiso766", "20261101.chiso766"]
    for name in (*others, f"{years[0]}.chiso766.draft"):
        (published / name).touch()
    backup.nightly()
    kept = {f"{day}.chiso766" for day in backup.kept([DAY, *years])}
    assert set(names(published)) == {*kept, *others}
    with backup_file.checked(published / f"{DAY}.chiso766") as (manifest, _):
        assert manifest.day == str(DAY)


def test_what_was_just_saved_stays_though_later_nights_are_there(published: Path) -> None:
    """After an old backup was restored, the nights go on from there."""
    published.mkdir()
    for days in range(1, 40):
        (published / f"{DAY + timedelta(days=days)}.chiso766").touch()
    backup.nightly()
    assert f"{DAY}.chiso766" in names(published)


def test_kept_are_the_newest_fourteen_and_the_first_of_each_of_twelve_months() -> None:
    nights = [date(2026, 11, 20) - timedelta(days=days) for days in range(800)]
    fourteen = {date(2026, 11, day) for day in range(7, 21)}
    firsts = {date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 12))}
    assert backup.kept(nights) == fourteen | firsts


def test_nothing_goes_before_there_is_more_than_is_kept() -> None:
    nights = [date(2026, 11, day) for day in range(1, 16)]
    assert backup.kept(nights[:14]) == set(nights[:14])
    assert backup.kept(nights) == set(nights)  # the fifteenth is the first of its month
    assert backup.kept(nights[1:]) == set(nights[1:])
    sixteen = [*nights, date(2026, 11, 16)]
    assert backup.kept(sixteen) == set(sixteen) - {date(2026, 11, 2)}


def test_where_nights_were_missed_the_first_that_there_is_stands_for_its_month() -> None:
    months = [date(2025, month, 9) for month in range(1, 13)]
    newest = [date(2026, 1, day) for day in range(10, 30)]
    kept = backup.kept([*months, *newest])
    assert kept == {*months[1:], newest[0], *newest[-14:]}


def test_nothing_is_saved_before_a_night_was_published(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_BACKUPS", str(tmp_path / "backups"))
    backup.nightly()
    assert names(tmp_path) == []


def test_a_server_of_another_is_backed_up_only_where_that_is_asked_for(
    published: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_BACKUPS", "")
    assert settings.load().backups is None  # a server is named by CHISO_DATABASE_URL
    backup.nightly()
    assert not (home / "backups").exists()
    with monkeypatch.context() as embedded:
        embedded.setenv("CHISO_DATABASE_URL", "")
        assert settings.load().backups == home / "backups"


def test_a_server_newer_than_the_programs_is_refused() -> None:
    own = int(Path(server.binary("pg_dump")).parents[1].name.removeprefix("pginstall"))
    backup.refuse_newer_server(own)
    with pytest.raises(ChisoError, match=f"PostgreSQL {own + 1}, mới hơn pg_dump {own}"):
        backup.refuse_newer_server(own + 1)


def test_citus_is_refused(published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHISO_CITUS", "1")
    with pytest.raises(ChisoError, match="Citus"):
        backup.write(tmp_path / "kho.chiso766")
