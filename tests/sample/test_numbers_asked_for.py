"""A sample is as large as asked, and refuses what makes no sense."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chiso766.errors import ChisoError
from chiso766.sample import write_sample

from .exports_read import DAYS, DOSSIERS, FIRST_DAY, LAST_DAY, UNITS, Sample

GOOD: dict[str, Any] = {
    "units": 1,
    "dossiers": 20,
    "days": 5,
    "seed": 1,
    "last_day": date(2026, 11, 30),
}


def received_in_span(sample: Sample) -> set[str]:
    first, last = f"{FIRST_DAY:%Y%m%d}", f"{LAST_DAY:%Y%m%d}"
    return {
        one.row["MaHoSo"]
        for one in sample.rows("dossiers")
        if first <= one.row["NgayTiepNhan"][:8] <= last
    }


def test_as_many_dossiers_are_received_in_the_span_as_asked(sample: Sample) -> None:
    assert len(received_in_span(sample)) == DOSSIERS == sample.written.dossiers


def test_as_many_units_have_dossiers_as_asked(sample: Sample) -> None:
    units = {one.row["MaHoSo"].rsplit("-", 2)[0] for one in sample.rows("dossiers")}
    assert len(units) == UNITS
    assert "H24.999" in units


def test_there_is_a_folder_for_every_night(sample: Sample) -> None:
    nights = sorted(path.name for path in sample.directory.iterdir())
    assert len(nights) == DAYS == sample.written.nights
    assert (nights[0], nights[-1]) == (str(FIRST_DAY), str(LAST_DAY))


def test_what_was_written_is_counted(sample: Sample) -> None:
    files = [path for path in sample.directory.rglob("*") if path.is_file()]
    assert sample.written.files == len(files)
    assert sample.written.bytes == sum(path.stat().st_size for path in files)
    sources = {path.parts[-2] for path in files}
    assert sample.written.rows == sum(len(sample.rows(source)) for source in sources)


def test_the_home_unit_has_the_code_given_and_comes_first(tmp_path: Path) -> None:
    write_sample(tmp_path, **GOOD, home_unit="H24.888")
    codes = {
        line.split('"')[3]
        for path in tmp_path.glob("*/dossiers/*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert codes
    assert {code.rsplit("-", 2)[0] for code in codes} == {"H24.888"}


def test_every_night_is_told_as_it_is_done(tmp_path: Path) -> None:
    nights: list[tuple[date, int]] = []
    written = write_sample(tmp_path, **GOOD, on_night=lambda day, rows: nights.append((day, rows)))
    assert [day.day for day, _ in nights] == [26, 27, 28, 29, 30]
    assert nights[-1][1] == written.rows


def test_national_counts_are_never_below_what_a_unit_received(sample: Sample) -> None:
    counts = {
        (one.row["MaDonVi"], one.row["Nam"], one.row["Thang"]): int(one.row["SoHoSoTiepNhan"])
        for one in sample.rows("national_counts")
    }
    received = {
        one.row["MaHoSo"]
        for one in sample.rows("dossiers")
        if one.row["NgayTiepNhan"][:6] == "202605"
    }
    home = [code for code in received if code.startswith("H24.999-")]
    assert len(home) <= counts["H24.999", "2026", "5"] <= len(home) * 1.03 + 1
    assert len(received) <= counts["H24", "2026", "5"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": 0}, "--units"),
        ({"units": 1000}, "--units"),
        ({"dossiers": 0}, "--dossiers"),
        ({"days": 0}, "--days"),
        ({"dirt": 0.9}, "--dirt"),
        ({"days": 2, "last_day": date(2026, 11, 29)}, "ngày làm việc"),  # a weekend
        ({"last_day": date(2028, 1, 3)}, "Lịch nghỉ"),
        ({"home_unit": "H24.105"}, "CHISO_UNIT"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ChisoError, match=words):
        write_sample(tmp_path, **(GOOD | change))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("x")
    with pytest.raises(ChisoError, match="không trống"):
        write_sample(tmp_path, **GOOD)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
