"""Dirt is planted on request only, all of it is in the manifest, and most of it heals."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from chiso766.readers import reading
from chiso766.readers.export import Refused
from chiso766.sources import SOURCES

from ..files_read import is_sheet, sheet_of, text_of
from .exports_read import Sample

RULES = {
    "unreadable_line",
    "missing_key",
    "bad_code",
    "missing_procedure",
    "unknown_status",
    "unknown_value",
    "bad_time",
    "missing_time",
    "received_after_done",
    "bad_number",
}
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(dirty: Sample) -> dict[str, Any]:
    return json.loads((dirty.directory / "dirt.json").read_text(encoding="utf-8"))


def path_of(dirty: Sample, entry: Entry, name: str = "file") -> Path:
    return dirty.directory / entry["day"] / entry["source"] / entry[name]


def line_of(path: Path, place: int) -> str:
    return text_of(path).split("\n")[place if path.name.endswith(".json") else place - 1]


def read_by_project(path: Path, source: str) -> dict[int, Any]:
    with reading(path, path.name, SOURCES[source]) as export:
        return dict(export.lines)


def test_a_clean_sample_plants_nothing(sample: Sample) -> None:
    assert not (sample.directory / "dirt.json").exists()
    assert not list(sample.directory.glob("*/*/*_gui_lai*"))


def test_every_rule_that_sets_a_row_aside_is_broken(manifest: dict[str, Any]) -> None:
    assert {entry["rule"] for entry in manifest["rows"]} == RULES


def test_every_rule_is_broken_in_dossiers_but_the_one_they_cannot(manifest: dict[str, Any]) -> None:
    rules = {entry["rule"] for entry in manifest["rows"] if entry["source"] == "dossiers"}
    assert rules == RULES - {"missing_time"}


def test_the_share_of_broken_rows_is_as_asked(dirty: Sample, manifest: dict[str, Any]) -> None:
    assert len(manifest["rows"]) / dirty.written.rows == pytest.approx(0.05, rel=0.2)


def test_a_planted_row_stands_where_the_manifest_says(
    dirty: Sample, manifest: dict[str, Any]
) -> None:
    for entry in manifest["rows"]:
        row = read_by_project(path_of(dirty, entry), entry["source"])[entry["line"]]
        if entry["rule"] == "unreadable_line":
            assert row is None or '[{"' in row.values()
            continue
        if entry["field"] == "Gia":
            given = row["DanhSachLePhi"]
            row = json.loads(given)[0] if isinstance(given, str) else given[0]
        given = row.get(entry["field"], "")  # an empty cell of a spreadsheet is not there
        assert normalize("NFC", given) == entry["value"]


def test_a_row_that_is_not_planted_is_clean(dirty: Sample, manifest: dict[str, Any]) -> None:
    planted = {
        (entry["day"], entry["file"], entry["line"])
        for kind in ("rows", "duplicates", "corrections")
        for entry in manifest[kind]
    }
    refused = {(entry["day"], entry["file"]) for entry in manifest["files"]}
    for path in sorted(dirty.directory.glob("*/dossiers/*")):
        night = path.parts[-3]
        if (night, path.name) in refused:
            continue
        for place, row in read_by_project(path, "dossiers").items():
            if (night, path.name, place) not in planted:
                assert row["MaHoSo"].startswith("H24.")
                assert row["MaTTHC"]
                assert row["TrangThaiHoSo"] in {str(code) for code in range(1, 11)}


def test_a_healed_row_comes_again_on_the_day_the_manifest_says(
    dirty: Sample, manifest: dict[str, Any]
) -> None:
    entries = [entry for entry in manifest["rows"] if entry["source"] == "dossiers"]
    healed = [entry for entry in entries if entry["healed_on"]]
    assert 0.7 < len(healed) / len(entries) < 1
    broken_again = {(entry["day"], *entry["key"]) for entry in entries}
    mentioned = {
        night: "".join(text_of(path) for path in good_files(dirty, night, manifest))
        for night in {entry["healed_on"] for entry in healed}
    }
    for entry in healed:
        if (entry["healed_on"], *entry["key"]) not in broken_again:
            assert entry["key"][0] in mentioned[entry["healed_on"]]


def good_files(dirty: Sample, night: str, manifest: dict[str, Any]) -> list[Path]:
    refused = {entry["file"] for entry in manifest["files"] if entry["day"] == night}
    paths = (dirty.directory / night / "dossiers").iterdir()
    return [path for path in paths if path.name not in refused]


def test_the_home_ward_and_the_province_are_always_known(manifest: dict[str, Any]) -> None:
    units = {tuple(entry["key"]) for entry in manifest["rows"] if entry["source"] == "units"}
    assert units
    assert not units & {("H24",), ("H24.999",)}


def test_a_broken_file_cannot_be_read_and_is_sent_again_the_same_day(
    dirty: Sample, manifest: dict[str, Any]
) -> None:
    kinds = {entry["kind"] for entry in manifest["files"]}
    assert kinds == {"truncated_gzip", "truncated_json", "truncated_sheet", "not_utf_8"}
    for entry in manifest["files"]:
        broken, again = path_of(dirty, entry), path_of(dirty, entry, "sent_again")
        with pytest.raises(Refused):
            read_by_project(broken, entry["source"])
        read_by_project(again, entry["source"])
        assert broken.name < again.name or entry["kind"] != "truncated_json"


def test_a_duplicate_is_the_same_row_twice_in_a_file(
    dirty: Sample, manifest: dict[str, Any]
) -> None:
    assert manifest["duplicates"]
    for entry in manifest["duplicates"]:
        path, place = path_of(dirty, entry), entry["line"]
        if is_sheet(path):
            rows = sheet_of(path).rows
            assert rows[place - 1] == rows[place]
            continue
        first, second = line_of(path, place - 1), line_of(path, place)
        assert first.rstrip(",") == second.rstrip(",")


def test_a_mistake_is_corrected_some_nights_later(dirty: Sample, manifest: dict[str, Any]) -> None:
    assert manifest["corrections"]
    for entry in manifest["corrections"]:
        row = read_by_project(path_of(dirty, entry), "dossiers")[entry["line"]]
        assert row["MaHoSo"] == entry["key"][0]
        assert row[entry["field"]] == entry["value"]
        assert entry["healed_on"] > entry["day"]


def test_dirt_leaves_the_dossiers_as_they_are(
    sample: Sample, dirty: Sample, manifest: dict[str, Any]
) -> None:
    """What is planted has its own random numbers, so the clean rows of both samples agree."""
    touched = {entry["key"][0] for kind in ("rows", "corrections") for entry in manifest[kind]}
    clean = {(one.night, one.row["MaHoSo"]): one.row for one in sample.rows("dossiers")}
    refused = {(entry["day"], entry["file"]) for entry in manifest["files"]}
    seen = 0
    for path in sorted(dirty.directory.glob("*/dossiers/*")):
        night = path.parts[-3]
        if (night, path.name) in refused or not path.name.endswith((".jsonl", ".jsonl.gz")):
            continue
        for line in text_of(path).splitlines():
            code = line[11:31].split('"')[0]
            if code in touched or not line.endswith("}"):
                continue
            row = json.loads(line)
            if expected := clean.get((date.fromisoformat(night), code)):
                assert row == expected
                seen += 1
    assert seen > 100
