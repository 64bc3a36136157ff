"""Whatever a file holds, the night goes on: at worst the file is refused with a sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chiso766 import check, landing
from chiso766.check import check_day
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.readers.export import Export
from chiso766.rows import Tidy

from ..deliveries import (
    DAY,
    DOSSIER,
    GOOD,
    Row,
    deliver,
    load_days,
    loads,
    newest,
    select,
    set_aside,
)

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NEXT_DAY = DAY + timedelta(days=1)
INJECTION = "'); drop schema raw cascade; --"
SECRET = "Trần Văn Người Dân"
HOSTILE = (
    INJECTION,
    "'; select pg_sleep(1000) --",
    "\\'; --",
    "%s%(load_id)s{batch}{}",
    "$$; truncate ops.load; $$",
    "../../etc/passwd",
    "..",
    "/",
    "a\nb",
    "a\rb",
    "\\N",
    "\\.",
    "\u202e\u200b\ufeff",
    "\U0001f600\uffff",
    "=cmd|' /C calc'!A0",
    "|",
    "x" * 400,
)


def test_hostile_texts_are_texts_in_values_keys_and_names() -> None:
    rows = [
        {"MaDonVi": f"{number}{text}", "TenDonVi": text, "MaGSO": text, text: text, "X": {text: 1}}
        for number, text in enumerate(HOSTILE)
    ]
    deliver("units", "a.json", rows)
    deliver("units", "b.csv", rows)

    load_days()

    assert [row["rows_accepted"] for row in loads()] == [len(HOSTILE)] * 2
    stored = {row["madonvi"]: row["tendonvi"] for row in newest("units").values()}
    assert stored == {
        f"{number}{text}".strip(): text.strip() for number, text in enumerate(HOSTILE)
    }


def test_hostile_texts_that_break_a_rule_are_set_aside_as_given() -> None:
    rows = [
        DOSSIER | {"MaHoSo": f"{text}-261120-1", "TrangThaiHoSo": text, "NgayTra": text}
        for text in HOSTILE
    ]
    deliver("dossiers", "a.json", rows)
    deliver("petitions", "a.json", [GOOD["petitions"] | {"MaHoSo": text} for text in HOSTILE])
    deliver("surveys", "a.json", [GOOD["surveys"] | {text: "6"} for text in HOSTILE])

    load_days()

    codes = [row for row in set_aside() if row["rule"] == "unknown_status"]
    assert [row["value"] for row in codes] == [text.strip() for text in HOSTILE]
    units = [row["unit_code"] for row in codes]
    assert units == [text.lstrip() for text in HOSTILE]
    fields = [row["field"] for row in set_aside() if row["source"] == "surveys"]
    assert fields == [text.strip() for text in HOSTILE]


def test_nul_characters_and_halves_of_characters_in_names_stop_nothing() -> None:
    lines = [
        b'{"MaDonVi": "A\\u0000", "Cap": "xa", "X\\u0000Y": "1", "\\ud800": "2", "\\u0000": "3"}',
        b'{"MaDonVi": "B\\ud800", "Cap": "xa", "TenDonVi": "\\udc00\\ud800"}',
    ]
    deliver("units", "a.jsonl", b"\n".join(lines))
    deliver("units", "b.csv", b"MaDonVi,Cap,\x00X\x00Y\x00,\x00\nC,xa,1,2\n")

    load_days()

    assert [row["rows_accepted"] for row in loads()] == [2, 1]
    assert newest("units")["A"]["extra"]["XY"] == "1"
    assert newest("units")["C"]["extra"]["XY"] == "1"
    assert all("\0" not in row["warnings"] for row in loads())


def test_a_title_cannot_forge_a_second_warning() -> None:
    deliver("units", "a.json", [GOOD["units"] | {"X\nCột lạ: không có": "1"}])

    load_days()

    assert len(loads()[0]["warnings"].splitlines()) == 1


def test_a_table_clears_what_stands_under_a_title_however_the_title_is_written() -> None:
    deliver("units", "a.json", [GOOD["units"] | {"Diện\u0000 tích": "9"}])
    deliver("units", "b.csv", "MaDonVi,Die\u0323\u0302n tích\nH24.999,\n".encode())

    load_days()

    assert newest("units")["H24.999"]["extra"] is None


@pytest.mark.parametrize(
    "number", ["9" * 5_000, "1e999999", "-" + "9" * 400, "0." + "0" * 400 + "1", "1" * 100]
)
def test_huge_numbers_are_taken_or_set_aside_wherever_they_stand(number: str) -> None:
    deliver("procedures", "a.jsonl", f'{{"MaTTHC": {number}, "Phi": {number}}}'.encode())
    fields = ("TrangThaiHoSo", "NgayTra", "HinhThuc", "MaTTHC")
    rows = [json.dumps(DOSSIER | {field: "@"}).replace('"@"', number) for field in fields]
    deliver("dossiers", "a.jsonl", "\n".join(rows).encode())
    deliver("national_counts", "a.json", [GOOD["national_counts"] | {"Thang": number}])

    load_days()

    assert [row["state"] for row in loads()] == ["loaded"] * 3
    assert {row["rule"] for row in set_aside()} <= {
        "unreadable_line",
        "unknown_status",
        "unknown_value",
        "bad_time",
        "bad_number",
    }


def test_long_keys_values_and_titles_are_kept_or_named() -> None:
    long = 3 << 20
    deliver("units", "a.json", [{"MaDonVi": "A" * long, "TenDonVi": "b" * long, "X": "c" * long}])
    title = "T" * (1 << 20)
    deliver("units", "b.jsonl", [GOOD["units"] | {title: "1"}])
    deliver("dossiers", "a.json", [DOSSIER | {"TenTTHC": "a-" * (7 << 20)}])
    deliver("dossiers", "b.json", [DOSSIER | {"MaHoSo": "a-" * long}])
    deliver("dossiers", "c.json", [DOSSIER | {"NgayTra": "9" * long}])
    deliver("petitions", "a.json", [GOOD["petitions"] | {"MaHoSo": "a-" * long}])

    load_days()

    assert [row["state"] for row in loads()] == ["loaded"] * 6
    rules = [row["rule"] for row in set_aside()]
    assert rules == ["unreadable_line", "bad_time", "bad_code", "unreadable_line"]
    [unit] = newest("units").values()
    assert unit["extra"] is None  # what is longer than a name is withheld
    assert max(len(row["warnings"] or "") for row in loads()) < 1_000


def test_names_without_end_are_not_gathered_in_memory() -> None:
    rows: list[Row] = [GOOD["units"] | {f"{number}" + "x" * 5_000: "1"} for number in range(50)]
    tidy = Tidy(check.SOURCES["units"], (b"",))
    for row in rows:
        tidy.columns(row)

    assert sum(map(len, tidy.unknown | tidy.withheld)) < 20_000


def test_thousands_of_columns_are_kept() -> None:
    columns = {f"Cột {number}": str(number) for number in range(3_000)}
    deliver("units", "a.csv", [GOOD["units"] | columns])
    deliver("units", "b.json", [GOOD["units"] | columns | {"TenDonVi": "b"}])
    deliver("units", "c.csv", [GOOD["units"] | {"TenDonVi": "c"}])

    load_days()

    assert len(newest("units")["H24.999"]["extra"]) == len(columns)


# --- what nobody thought of ---------------------------------------------------------------------


def deliver_one_between_others() -> None:
    for name in ("a.json", "b.json", "c.json"):
        deliver("units", name, [GOOD["units"] | {"MaDonVi": name, "TenDonVi": SECRET}])
    fetch_day(DAY)


@pytest.mark.parametrize("error", [ValueError, RecursionError, MemoryError, AssertionError])
def test_an_error_nobody_foresaw_refuses_its_file_and_says_no_value(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deliver_one_between_others()
    columns = Tidy.columns

    def columns_or_error(tidy: Tidy, row: Row) -> Any:
        if row["MaDonVi"] == "b.json":
            raise error(SECRET)
        return columns(tidy, row)

    with monkeypatch.context() as fault, caplog.at_level(logging.DEBUG):
        fault.setattr(Tidy, "columns", columns_or_error)
        check_day(DAY)

    assert [row["state"] for row in loads()] == ["loaded", "refused", "loaded"]
    refusal = loads()[1]["refusal"]
    assert refusal.startswith(
        f"Tệp b.json có nội dung mà phần mềm không xử lý được ({error.__name__}"
    )
    assert SECRET not in refusal + caplog.text
    assert "test_hostile.py" in caplog.text
    assert select("select tablename from pg_tables where schemaname = 'load'") == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_none_of_the_files_doing(
    interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_one_between_others()

    def interrupted(*_: object) -> None:
        raise interruption

    with monkeypatch.context() as fault:
        fault.setattr(Tidy, "columns", interrupted)
        with pytest.raises(interruption):
            check_day(DAY)
    assert select("select * from ops.load") == []

    check_day(DAY)
    assert [row["state"] for row in loads()] == ["loaded"] * 3


def test_a_place_beyond_what_a_line_number_can_be_refuses_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver_one_between_others()
    reading = check.reading

    @contextmanager
    def far_away(path: Any, file_name: str, source: Any) -> Iterator[Export]:
        with reading(path, file_name, source) as export:
            place = 2**31 - (file_name != "b.json")
            yield Export(((place, row) for _, row in export.lines), export.form)

    with monkeypatch.context() as fault:
        fault.setattr(check, "reading", far_away)
        check_day(DAY)

    assert [row["state"] for row in loads()] == ["loaded", "refused", "loaded"]


def test_a_landed_file_that_is_gone_is_the_machines_fault_and_no_refusal() -> None:
    deliver_one_between_others()
    [file] = select("select sha256 from ops.file where file_name = 'b.json'")
    landing.landing_path(file["sha256"]).unlink()

    with pytest.raises(ChisoError, match=r"units/b\.json trong vùng lưu"):
        check_day(DAY)

    assert select("select state from ops.load") == [{"state": "loaded"}]
