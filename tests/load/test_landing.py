"""Step 1: the drop folder's files reach the landing area whole, once and unseen by others."""

from __future__ import annotations

import hashlib
import logging
from datetime import date, timedelta
from pathlib import Path

import pytest

from chiso766 import fetch, settings
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day, landing_path

from ..deliveries import DAY, GOOD, deliver, select

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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = deliver("units", "a.csv", UNIT)
    copy = fetch._copy

    def copy_while_it_grows(path: Path) -> fetch._Landed:
        landed = copy(path)
        with path.open("ab") as file:
            file.write(b"H25\n")
        return landed

    with monkeypatch.context() as growing:
        growing.setattr(fetch, "_copy", copy_while_it_grows)
        fetch_day(DAY)
    assert registered() == []

    fetch_day(DAY)
    [file] = select("select sha256 from ops.file")
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_copy_that_was_cut_off_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("units", "a.csv", UNIT)

    def disk_is_full(*_: object) -> fetch._Landed:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(fetch, "_copy_bytes", disk_is_full)
        with pytest.raises(ChisoError, match="No space"):
            fetch_day(DAY)

    assert [p for p in (settings.load().home / "landing").rglob("*") if p.is_file()] == []
    assert registered() == []


def test_names_of_any_bytes_are_registered() -> None:
    folder = deliver("units", "a.csv", UNIT).parent
    (folder / "b\udcff.csv").write_bytes(b"MaDonVi\nH25\n")

    fetch_day(DAY)

    assert [name for *_, name in registered()] == ["a.csv", "b\ufffd.csv"]
