"""Forms of times and numbers: which are accepted, as what, and where they end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ..deliveries import DAY, Row, deliver, load_days
from . import tables
from .rows import aside, counts, keyed, stored

TEN = datetime(2026, 11, 20, 8, 30)
TIMES = {
    "20261120083000": TEN,
    "20261120083059": datetime(2026, 11, 20, 8, 30, 59),
    "20261120000000": datetime(2026, 11, 20),
    "20261120": datetime(2026, 11, 20),
    "20/11/2026": datetime(2026, 11, 20),
    "20/11/2026 08:30": TEN,
    "20/11/2026 08:30:00": TEN,
    "20/11/2026 23:59:59": datetime(2026, 11, 20, 23, 59, 59),
    "01/02/2026": datetime(2026, 2, 1),
    "2026-11-20": datetime(2026, 11, 20),
    "2026-11-20 08:30": TEN,
    "2026-11-20T08:30": TEN,
    "2026-11-20 08:30:00": TEN,
    "2026-11-20T08:30:00": TEN,
    "2026-11-20T08:30:00+07:00": TEN,
    "2026-11-20T01:30:00Z": TEN,
    "2026-11-20T01:30:00+00:00": TEN,
    "2026-11-19T20:30:00-05:00": TEN,
    "2026-11-20T18:30:00Z": datetime(2026, 11, 21, 1, 30),
    " 20/11/2026 08:30 ": TEN,
    "29/02/2024": datetime(2024, 2, 29),
    # not before 2000, and not more than ten years after the export day
    "20000101000000": datetime(2000, 1, 1),
    "01/01/2000": datetime(2000, 1, 1),
    "1999-12-31T17:00:00Z": datetime(2000, 1, 1),
    "20361120": datetime(2036, 11, 20),
    "2036-11-20T00:00:00": datetime(2036, 11, 20),
}
NOT_TIMES = (
    "19991231235959",
    "31/12/1999",
    "2000-01-01T00:00:00+08:00",
    "20361121",
    "2036-11-21 00:00:01",
    "99991231",
    "31/02/2026",
    "29/02/2026",
    "2026-02-30",
    "20260230",
    "20261301",
    "20261100",
    "00000000",
    "20/11/26",
    "11/20/2026",
    "5/11/2026",
    "20-11-2026",
    "20.11.2026",
    "2026/11/20",
    "2026-11",
    "2026",
    "11/2026",
    "202611200830",
    "20261120 083000",
    "20261120083060",
    "20261120246000",
    "20/11/2026 24:01",
    "20/11/2026 08:60",
    "20/11/2026 8h30",
    "20/11/2026 08:30 SA",
    "2026-11-20T08",
    "46346",  # a serial is a spreadsheet's
    "0",
    "hôm nay",
    "null",
    "infinity",
    "now",
)
DAYS_ALONE = ("20261120", "20/11/2026", "2026-11-20", " 20261120 ")

NUMBERS = {
    "0": "0",
    "0.5": "0.5",
    "0,5": "0.5",
    "007": "7",
    "8000": "8000",
    "1.234": "1.234",  # plain: a point is a decimal point
    "1,234": "1.234",
    "1234567.25": "1234567.25",
    " 12 ": "12",
}
NOT_NUMBERS = (
    "-1",
    "-0.5",
    "1.234,5",
    "1,234.5",
    "1.234.567",
    "1,234,567",
    "1 000",
    "8000đ",
    "không",
    "NaN",
    "Infinity",
    "0x10",
    "1/2",
    "5%",
    "½",
)

# Cell of a spreadsheet -> the time, or the number, that it says.
SERIAL = (date(2026, 11, 20) - date(1899, 12, 30)).days
CELL_TIMES: dict[str, tuple[Any, datetime]] = {
    "text": ("20/11/2026 08:30", TEN),
    "text of the message": ("20261120083000", TEN),
    "text of a day": ("20/11/2026", datetime(2026, 11, 20)),
    "typed time": (TEN, TEN),
    "typed day": (date(2026, 11, 20), datetime(2026, 11, 20)),
    "serial day": (SERIAL, datetime(2026, 11, 20)),
    "serial time": (SERIAL + 8.5 / 24, TEN),
    "serial to the second": (
        SERIAL + (23 * 3600 + 59 * 60 + 59) / 86400,
        datetime(2026, 11, 20, 23, 59, 59),
    ),
    "first serial": ((date(2000, 1, 1) - date(1899, 12, 30)).days, datetime(2000, 1, 1)),
    "number of the message": (20261120083000, TEN),
    "number of a day": (20261120, datetime(2026, 11, 20)),
}
CELL_NOT_TIMES: dict[str, Any] = {
    "serial before 2000": (date(1999, 12, 31) - date(1899, 12, 30)).days,
    "serial beyond ten years": (date(2036, 11, 21) - date(1899, 12, 30)).days,
    "typed before 2000": datetime(1999, 12, 31, 23, 59, 59),
    "typed beyond ten years": datetime(2036, 11, 21, 0, 0, 1),
    "text": "31/02/2026",
}
DUE_CELLS = [SERIAL, date(2026, 11, 20), "20/11/2026", SERIAL + 8.5 / 24]
CELL_NUMBERS: dict[str, tuple[Any, str]] = {
    "typed": (1234.5, "1234.5"),
    "typed fraction": (0.5, "0.5"),
    "typed that looks grouped": (1.234, "1.234"),
    "typed zero": (0, "0"),
    "grouped": ("1.234", "1234"),
    "grouped twice": ("1.234.567", "1234567"),
    "grouped with a fraction": ("1.234,5", "1234.5"),
    "fraction": ("0,5", "0.5"),
    "plain": ("1234", "1234"),
    "with blanks": (" 1.234 ", "1234"),
}
CELL_NOT_NUMBERS: dict[str, Any] = {
    "typed negative": -1,
    "negative": "-1.234,5",
    "words": "một nghìn",
}


def made(values: list[Any], source: str, field: str, first: int) -> list[Row]:
    return [keyed(source, first + place, **{field: value}) for place, value in enumerate(values)]


FIRST = {"taken": 1, "csv": 101, "broken": 201, "due": 301, "due time": 401, "typed": 501}
TABLES = {"xlsx": 2000, "xls": 3000, "html": 4000}
DUE_TIMES = {"20261120083000": TEN, "20261120000000": datetime(2026, 11, 20)}


def _sheet(kind: str, source: str, field: str, values: list[Any]) -> None:
    """Deliver a spreadsheet with a row per value of a field."""
    grid, merges = tables.vendor_sheet(made([""] * len(values), source, field, TABLES[kind]))
    column = grid[4].index(field)
    lines = [list(line) for line in grid]
    for line, value in zip(lines[6:], values, strict=False):
        line[column] = value
    writers = {"xlsx": tables.xlsx, "xls": tables.xls, "html": tables.html_table}
    deliver(source, name_of(kind), writers[kind](lines, merges))


def as_a_page_shows(value: Any) -> Any:
    """A web page holds no serials with a fraction: it shows the times they stand for."""
    if isinstance(value, float):
        return datetime(1899, 12, 30) + timedelta(seconds=round(value * 86400))
    return value


def name_of(kind: str) -> str:
    return {"xlsx": "bang.xlsx", "xls": "bang.xls", "html": "trang.xls"}[kind]


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    of_json = made(list(TIMES), "petitions", "NgayTraLoi", FIRST["taken"])
    deliver("petitions", "gio.jsonl", of_json)
    of_csv = made(list(TIMES), "petitions", "NgayTraLoi", FIRST["csv"])
    deliver("petitions", "gio.csv", tables.comma_separated(tables.plain(of_csv), ";"))
    deliver(
        "petitions",
        "sai.jsonl",
        made(list(NOT_TIMES), "petitions", "NgayTraLoi", FIRST["broken"]),
    )
    due = made(list(DAYS_ALONE), "dossiers", "NgayHenTra", FIRST["due"])
    due += made(list(DUE_TIMES), "dossiers", "NgayHenTra", FIRST["due time"])
    deliver("dossiers", "han.jsonl", due)
    deliver("dossiers", "han.csv", tables.comma_separated(tables.plain(due)))

    of_json = made(list(NUMBERS), "procedures", "ThoiHan", FIRST["taken"])
    of_json += made([0.5, 3, 0], "procedures", "ThoiHan", FIRST["typed"])
    deliver("procedures", "so.jsonl", of_json)
    of_csv = made(list(NUMBERS), "procedures", "ThoiHan", FIRST["csv"])
    deliver("procedures", "so.csv", tables.comma_separated(tables.plain(of_csv)))
    broken = made([*NOT_NUMBERS, -1, -0.5], "procedures", "ThoiHan", FIRST["broken"])
    deliver("procedures", "sai.jsonl", broken)
    of_csv = made(list(NOT_NUMBERS), "procedures", "ThoiHan", FIRST["broken"])
    deliver("procedures", "sai.csv", tables.comma_separated(tables.plain(of_csv), "\t"))

    for kind in TABLES:
        times = [*(value for value, _ in CELL_TIMES.values()), *CELL_NOT_TIMES.values()]
        due = DUE_CELLS
        if kind == "html":
            times, due = ([as_a_page_shows(value) for value in cells] for cells in (times, due))
        _sheet(kind, "petitions", "NgayTraLoi", times)
        _sheet(kind, "dossiers", "NgayHenTra", due)
        numbers = [value for value, _ in CELL_NUMBERS.values()]
        _sheet(kind, "procedures", "ThoiHan", [*numbers, *CELL_NOT_NUMBERS.values()])
    load_days()


@pytest.mark.parametrize("first", ["taken", "csv"])
@pytest.mark.parametrize("place", range(len(TIMES)), ids=list(TIMES))
def test_a_time_is_local_and_a_day_alone_its_first_second(place: int, first: str) -> None:
    row = stored("petitions", FIRST[first] + place)
    assert row is not None
    assert row["ngaytraloi"] == list(TIMES.values())[place]


def test_a_fraction_of_a_second_in_an_iso_time_does_no_harm(world: Path) -> None:
    day = DAY + timedelta(days=1)
    deliver(
        "petitions",
        "le.jsonl",
        [keyed("petitions", 9000, NgayTraLoi="2026-11-20T08:30:00.000+07:00")],
        day,
    )
    load_days(day)
    row = stored("petitions", 9000)
    assert row is not None
    assert row["ngaytraloi"] == TEN


@pytest.mark.parametrize("place", range(len(NOT_TIMES)), ids=NOT_TIMES)
def test_what_is_no_time_of_these_forms_or_of_these_years_is_a_bad_time(place: int) -> None:
    assert counts("sai.jsonl", "petitions")[0] == len(NOT_TIMES)
    rows = {row["line"]: row for row in aside("sai.jsonl", "petitions")}
    assert rows[place + 1]["rule"] == "bad_time"
    assert rows[place + 1]["field"] == "NgayTraLoi"
    assert rows[place + 1]["value"] == NOT_TIMES[place]
    assert stored("petitions", FIRST["broken"] + place) is None


@pytest.mark.parametrize("place", range(len(DAYS_ALONE)), ids=DAYS_ALONE)
def test_a_due_day_without_a_time_is_its_last_second(place: int) -> None:
    assert counts("han.csv", "dossiers") == (len(DAYS_ALONE) + 2, len(DAYS_ALONE) + 2, 0)
    row = stored("dossiers", FIRST["due"] + place)
    assert row is not None
    assert row["ngayhentra"] == datetime(2026, 11, 20, 23, 59, 59)


@pytest.mark.parametrize("place", range(len(DUE_TIMES)), ids=list(DUE_TIMES))
def test_a_due_day_with_a_time_is_due_then(place: int) -> None:
    row = stored("dossiers", FIRST["due time"] + place)
    assert row is not None
    assert row["ngayhentra"] == list(DUE_TIMES.values())[place]


@pytest.mark.parametrize("first", ["taken", "csv"])
@pytest.mark.parametrize("place", range(len(NUMBERS)), ids=list(NUMBERS))
def test_a_number_of_json_and_csv_is_plain(place: int, first: str) -> None:
    row = stored("procedures", FIRST[first] + place)
    assert row is not None
    assert row["thoihan"] == Decimal(list(NUMBERS.values())[place])


@pytest.mark.parametrize(("place", "said"), [(0, "0.5"), (1, "3"), (2, "0")])
def test_a_number_may_be_a_number_of_json(place: int, said: str) -> None:
    row = stored("procedures", FIRST["typed"] + place)
    assert row is not None
    assert row["thoihan"] == Decimal(said)


@pytest.mark.parametrize("file_name", ["sai.jsonl", "sai.csv"])
@pytest.mark.parametrize("place", range(len(NOT_NUMBERS)), ids=NOT_NUMBERS)
def test_what_is_no_plain_number_is_a_bad_number(place: int, file_name: str) -> None:
    header = file_name == "sai.csv"
    rows = {row["line"]: row for row in aside(file_name, "procedures")}
    assert rows[place + 1 + header]["rule"] == "bad_number"
    assert rows[place + 1 + header]["field"] == "ThoiHan"
    assert rows[place + 1 + header]["value"] == NOT_NUMBERS[place]


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("place", range(len(CELL_TIMES)), ids=list(CELL_TIMES))
def test_a_spreadsheet_gives_times_as_text_typed_or_serial(place: int, kind: str) -> None:
    row = stored("petitions", TABLES[kind] + place)
    assert row is not None
    assert row["ngaytraloi"] == list(CELL_TIMES.values())[place][1]


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("place", range(len(CELL_NOT_TIMES)), ids=list(CELL_NOT_TIMES))
def test_a_spreadsheets_times_have_the_same_bounds(place: int, kind: str) -> None:
    count = len(CELL_TIMES) + len(CELL_NOT_TIMES)
    file_name = name_of(kind)
    assert counts(file_name, "petitions") == (count, len(CELL_TIMES), len(CELL_NOT_TIMES))
    assert [row["rule"] for row in aside(file_name, "petitions")] == ["bad_time"] * len(
        CELL_NOT_TIMES
    )
    assert stored("petitions", TABLES[kind] + len(CELL_TIMES) + place) is None


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("place", range(3), ids=["serial", "typed", "text"])
def test_a_spreadsheets_due_day_is_due_until_its_end(place: int, kind: str) -> None:
    row = stored("dossiers", TABLES[kind] + place)
    assert row is not None
    assert row["ngayhentra"] == datetime(2026, 11, 20, 23, 59, 59)


@pytest.mark.parametrize("kind", TABLES)
def test_a_spreadsheets_due_time_is_due_then(kind: str) -> None:
    row = stored("dossiers", TABLES[kind] + 3)
    assert row is not None
    assert row["ngayhentra"] == TEN


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("place", range(len(CELL_NUMBERS)), ids=list(CELL_NUMBERS))
def test_a_spreadsheet_gives_numbers_typed_or_as_vietnamese_text(place: int, kind: str) -> None:
    row = stored("procedures", TABLES[kind] + place)
    assert row is not None
    assert row["thoihan"] == Decimal(list(CELL_NUMBERS.values())[place][1])


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("place", range(len(CELL_NOT_NUMBERS)), ids=list(CELL_NOT_NUMBERS))
def test_a_spreadsheets_negative_or_wordy_number_is_bad(place: int, kind: str) -> None:
    rows = aside(name_of(kind), "procedures")
    assert [row["rule"] for row in rows] == ["bad_number"] * len(CELL_NOT_NUMBERS)
    assert stored("procedures", TABLES[kind] + len(CELL_NUMBERS) + place) is None
