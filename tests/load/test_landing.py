"""Step 1: the drop folder's files reach the landing area whole, once and unseen by others."""

from __future__ import annotations

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from time import time_ns

import pytest

from chiso766 import fetch, landing, settings, warehouse
from chiso766.connectors import drop_folder
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.landing import landing_path

from ..conftest import Logged
from ..deliveries import DAY, GOOD, deliver, load_days, newest, select

pytestmark = pytest.mark.usefixtures("empty_warehouse")

UNIT = [GOOD["units"]]


def registered() -> list[tuple[date, str, str]]:
    rows = select("select export_day, source, file_name from ops.file order by file_id")
    return [(row["export_day"], row["source"], row["file_name"]) for row in rows]


def test_every_byte_lies_under_its_sha256_for_its_owner_alone() -> None:
    content = deliver("units", "a.csv", UNIT).read_bytes()

    fetch_day(DAY)

    [file] = select("select sha256, bytes from ops.file")
    landed = landing_path(file["sha256"])
    assert file == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert landed.read_bytes() == content
    assert landed.stat().st_mode & 0o777 == 0o600
    for folder in (landed.parent, landed.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_same_bytes_again_are_nothing_and_other_bytes_are_a_file_of_their_own() -> None:
    deliver("units", "a.csv", UNIT)
    fetch_day(DAY)
    fetch_day(DAY)
    assert len(registered()) == 1

    deliver("units", "a.csv", [*UNIT, GOOD["units"] | {"MaDonVi": "H24"}])
    fetch_day(DAY)
    assert len(registered()) == 2


def test_the_same_bytes_on_another_day_are_kept_once_and_registered_for_both() -> None:
    next_day = DAY + timedelta(days=1)
    deliver("units", "a.csv", UNIT)
    deliver("units", "a.csv", UNIT, next_day)

    fetch_day(DAY)
    fetch_day(next_day)

    assert len(registered()) == 2
    assert len([p for p in (settings.load().home / "landing").rglob("*") if p.is_file()]) == 1


def test_a_day_without_files_was_run_all_the_same() -> None:
    fetch_day(DAY)
    fetch_day(DAY)

    assert select("select export_day from ops.night") == [{"export_day": DAY}]


def test_what_is_no_file_of_a_source_is_passed_over_with_a_warning(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("MaDonVi\nH24\n")
    good = deliver("units", "a.csv", UNIT)
    deliver("khong_ro", "a.csv", UNIT)
    (good.parent / "link.csv").symlink_to(outside)
    (good.parent / "sub").mkdir()
    (good.parent / "sub" / "b.csv").write_text("MaDonVi\nH24\n")
    (good.parent / ".hidden.csv").write_text("x")
    (good.parent / "half.csv.part").write_text("x")
    (good.parent.parent / "dossiers").symlink_to(tmp_path, target_is_directory=True)

    with caplog.at_level(logging.WARNING):
        fetch_day(DAY)

    assert registered() == [(DAY, "units", "a.csv")]
    for name in ("khong_ro", "link.csv", "sub", ".hidden.csv", "half.csv.part", "dossiers"):
        assert name in caplog.text


def test_a_file_that_is_still_being_written_is_left_for_the_next_run(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    path = deliver("units", "a.csv", UNIT)
    copy = landing.keep

    def copy_while_it_grows(path: Path) -> landing.Landed:
        landed = copy(path)
        with path.open("ab") as file:
            file.write(b"H25\n")
        return landed

    with monkeypatch.context() as growing:
        growing.setattr(landing, "keep", copy_while_it_grows)
        fetch_day(DAY)
    assert registered() == []
    [(sentence, about)] = logged
    assert "tệp đang được ghi" in sentence
    assert about == {"source": "units"}

    fetch_day(DAY)
    [file] = select("select sha256 from ops.file")
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_copy_that_was_cut_off_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("units", "a.csv", UNIT)

    def disk_is_full(*_: object) -> landing.Landed:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(landing, "_copy_bytes", disk_is_full)
        with pytest.raises(ChisoError, match="No space"):
            fetch_day(DAY)

    assert [p for p in (settings.load().home / "landing").rglob("*") if p.is_file()] == []
    assert registered() == []


def test_a_file_that_cannot_be_read_is_named_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        deliver("units", name, UNIT)
    copy = landing.keep

    def copy_but_two(path: Path) -> landing.Landed:
        if path.name in ("b.csv", "c.csv"):
            raise PermissionError(13, "Permission denied", str(path))
        return copy(path)

    monkeypatch.setattr(landing, "keep", copy_but_two)
    with pytest.raises(ChisoError, match=r"2 chỗ không nhận được.*b\.csv.*c\.csv"):
        fetch_day(DAY)

    assert [name for *_, name in registered()] == ["a.csv", "d.csv"]

    fetch_day(DAY, is_last_try=True)  # the night does not wait for who may read them

    noted = select("select source, sentence from ops.fetch_failure order by sentence")
    assert [row["source"] for row in noted] == ["units", "units"]
    assert "b.csv" in noted[0]["sentence"]


def test_a_folder_that_cannot_be_read_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("petitions", "a.csv", b"MaPAKN\n")
    deliver("units", "a.csv", UNIT)
    children = drop_folder._children

    def children_but_of_one(folder: Path, level: int) -> list[Path]:
        if folder.name == "petitions":
            raise PermissionError(13, "Permission denied", str(folder))
        return children(folder, level)

    monkeypatch.setattr(drop_folder, "_children", children_but_of_one)
    fetch_day(DAY, is_last_try=True)

    assert registered() == [(DAY, "units", "a.csv")]
    [failure] = select("select source, sentence from ops.fetch_failure")
    assert failure["source"] == "petitions"
    assert "Không đọc được thư mục" in failure["sentence"]


def test_a_landing_area_that_takes_nothing_holds_up_the_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver("units", "a.csv", UNIT)

    def disk_is_full(*_: object) -> landing.Landed:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(landing, "_copy_bytes", disk_is_full)
    with pytest.raises(ChisoError, match="No space"):
        fetch_day(DAY, is_last_try=True)


def test_what_a_killed_run_left_behind_is_removed() -> None:
    area = settings.make_private(settings.load().home / "landing")
    (area / "draft-a1b2c3").write_bytes(b"half")

    fetch_day(DAY)

    assert list(area.iterdir()) == []


def test_two_runs_at_once_take_a_file_once() -> None:
    deliver("units", "a.csv", UNIT)

    with ThreadPoolExecutor(2) as runners:
        list(runners.map(fetch_day, [DAY, DAY + timedelta(days=1)]))

    assert registered() == [(DAY, "units", "a.csv")]


def test_a_database_that_goes_away_is_said_and_the_next_run_takes_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver("units", "a.csv", UNIT)
    deliver("units", "b.csv", UNIT)
    with monkeypatch.context() as dying:
        dying.setattr(fetch, "_SEE", "select pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(ChisoError, match="mã lỗi cơ sở dữ liệu 57P01"):
            fetch_day(DAY)
    assert registered() == []

    fetch_day(DAY)

    assert [name for *_, name in registered()] == ["a.csv", "b.csv"]


# --- versions and late files -----------------------------------------------------------------


def test_a_file_that_comes_again_as_it_was_before_is_new_once_more() -> None:
    for name in ("Một", "Hai", "Một"):
        deliver("units", "a.csv", [GOOD["units"] | {"TenDonVi": name}])
        load_days()
        load_days()

    assert len(registered()) == 3
    assert newest("units")["H24.999"]["tendonvi"] == "Một"


def test_a_warehouse_made_before_this_could_be_learns_it() -> None:
    constraint = "file_export_day_source_file_name_sha256_key"
    with connect() as connection:
        connection.execute(
            f"alter table ops.file add constraint {constraint}"
            " unique (export_day, source, file_name, sha256)".encode()
        )
        connection.execute("drop table ops.sighting")
        connection.execute("comment on schema ops is 'version before'")
    deliver("units", "a.csv", UNIT)
    with connect() as connection:
        path = settings.load().exports / str(DAY) / "units" / "a.csv"
        connection.execute(
            "insert into ops.file (export_day, source, file_name, sha256, bytes)"
            " values (%s, 'units', 'a.csv', %s, 1)",
            [DAY, hashlib.sha256(path.read_bytes()).hexdigest()],
        )

    warehouse.prepare()
    fetch_day(DAY)
    assert len(registered()) == 1

    for content in (b"2", b"1", b"2"):
        deliver("units", "a.csv", content)
        fetch_day(DAY)
    assert len(registered()) == 4


def test_a_late_file_of_a_day_that_was_run_is_taken_by_a_later_run() -> None:
    never_run, long_ago = DAY - timedelta(days=1), DAY - timedelta(days=400)
    fetch_day(long_ago)
    fetch_day(DAY + timedelta(days=1))
    deliver("units", "late.csv", UNIT, long_ago)
    deliver("units", "never.csv", UNIT, never_run)
    deliver("units", "later.csv", UNIT, DAY + timedelta(days=1))

    fetch_day(DAY)

    assert registered() == [(long_ago, "units", "late.csv")]


def test_warnings_of_a_day_are_said_in_its_own_run_only(caplog: pytest.LogCaptureFixture) -> None:
    deliver("units", ".hidden.csv", UNIT)
    fetch_day(DAY)
    caplog.clear()

    with caplog.at_level(logging.INFO):
        fetch_day(DAY + timedelta(days=1))

    assert ".hidden.csv" not in caplog.text


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []
    copy = landing.keep

    def noted(path: Path) -> landing.Landed:
        names.append(path.name)
        return copy(path)

    monkeypatch.setattr(landing, "keep", noted)
    return names


@pytest.fixture
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written now was written long ago when it is looked at."""
    monkeypatch.setattr(drop_folder, "time_ns", lambda: time_ns() + 3600 * 10**9)


@pytest.mark.usefixtures("an_hour_later")
def test_an_unchanged_file_is_not_read_again(copied: list[str]) -> None:
    path = deliver("units", "a.csv", UNIT)
    fetch_day(DAY)
    fetch_day(DAY + timedelta(days=1))
    assert copied == ["a.csv"]

    os.utime(path)
    fetch_day(DAY)
    fetch_day(DAY)
    assert copied == ["a.csv", "a.csv"]
    assert len(registered()) == 1


@pytest.mark.usefixtures("an_hour_later")
def test_a_change_that_keeps_size_and_time_is_seen() -> None:
    path = deliver("units", "a.csv", b"MaDonVi\nH24\n")
    before = path.stat()
    fetch_day(DAY)
    path.write_bytes(b"MaDonVi\nH25\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    fetch_day(DAY)

    assert len(registered()) == 2


def test_a_file_written_moments_ago_is_read_again_for_its_time_may_not_tell(
    copied: list[str],
) -> None:
    deliver("units", "a.csv", UNIT)

    fetch_day(DAY)
    fetch_day(DAY)

    assert copied == ["a.csv", "a.csv"]
    assert len(registered()) == 1


# --- names and links -------------------------------------------------------------------------


def test_names_of_any_bytes_are_registered_printable_and_told_apart() -> None:
    folder = deliver("units", "a.csv", UNIT).parent
    for name in ("b\udcff.csv", "b\udcfe.csv", "c\nd.csv.gz", "e\u202e.csv", "\\f.csv", "0" * 250):
        (folder / name).write_bytes(os.fsencode(name))

    fetch_day(DAY)
    fetch_day(DAY)

    names = [name for *_, name in registered()]
    assert len(names) == len(set(names)) == 7
    assert "a.csv" in names
    assert all(name.isprintable() and len(name) < 250 for name in names)
    assert [name.endswith(".csv.gz") for name in names if name.startswith("c")] == [True]
    assert not any("/" in name or "\\" in name for name in names)


def test_a_name_cannot_write_lines_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    deliver("units", ".hidden\nWARNING: gia.csv", UNIT)

    with caplog.at_level(logging.WARNING):
        fetch_day(DAY)

    assert "\nWARNING: gia" not in caplog.text


def test_a_day_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = DAY + timedelta(days=1)
    deliver("units", "a.csv", UNIT, elsewhere)
    exports = settings.load().exports
    (exports / str(DAY)).symlink_to(exports / str(elsewhere), target_is_directory=True)

    fetch_day(DAY)

    assert registered() == []


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("MaDonVi\nH24\n")
    deliver("units", "a.csv", UNIT)
    copy = landing.keep

    def copy_what_was_swapped(path: Path) -> landing.Landed:
        path.unlink()
        path.symlink_to(outside)
        return copy(path)

    monkeypatch.setattr(landing, "keep", copy_what_was_swapped)
    with pytest.raises(ChisoError, match=r"a\.csv"):
        fetch_day(DAY)

    assert registered() == []
