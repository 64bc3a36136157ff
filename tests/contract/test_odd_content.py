"""Odd names, letters and shapes are the rule in real exports: nothing is lost, nothing breaks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ..deliveries import deliver, load_days, newest, select
from . import tables
from .rows import aside, counts, key, keyed, load_of, stored

NAMES = (
    "có dấu và khoảng trắng.jsonl",
    "do\u0302\u0323 decomposed.jsonl",
    "'; drop table raw.units; --.jsonl",
    'nhay"kep.jsonl',
    "%s {0} $1.jsonl",
    "-rf.jsonl",
    "truoc...jsonl",
    "a.b.c.jsonl",
    "=cmd|calc!A0.jsonl",
    "dai" * 60 + ".jsonl",
)
VALUES = (
    "'; drop table raw.units; --",
    '=HYPERLINK("http://x")',
    "\\N",
    "\\.",
    "null",
    "NULL",
    "\t trong \t ngoai",
    'nháy "kép" và \\gạch\\ ngược',
    "hai\ndòng",
    "{a,b}",
    "<b>&amp;</b>",
    "a\u2028b\x85c\x0bd\x1ce",
    "😀 chữ Hán 漢",
    "%s $1 {0}",
    "x" * 100_000,
)


LONG_KEY = "".join(str(n) for n in range(200))[:500]


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    for number, name in enumerate(NAMES):
        deliver("units", name, [keyed("units", number)])
    rows = [keyed("units", 100 + n, TenDonVi=value) for n, value in enumerate(VALUES)]
    deliver("units", "gia_tri.jsonl", rows)
    rows = [keyed("units", 200 + n, TenDonVi=value) for n, value in enumerate(VALUES)]
    deliver("units", "gia_tri.csv", tables.comma_separated(tables.plain(rows), ";"))
    good = json.dumps(keyed("units", 301)).encode()
    deliver(
        "units",
        "nul.jsonl",
        b"\n".join(
            [
                json.dumps(keyed("units", 300, TenDonVi="a\0b")).encode(),
                good,
                json.dumps(keyed("units", 302, TenDonVi="\ud800")).encode(),
                good.replace(b"301", b"303"),
            ]
        ),
    )
    deliver("units", "nul.csv", b"MaDonVi,TenDonVi\nH24.00310,a\0b\nH24.00311,x\n")
    deep = b'{"MaDonVi": "H24.00370", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    long = b'{"MaDonVi": "H24.00371", "x": ' + b"9" * 5000 + b"}"
    deliver("units", "sau.jsonl", b"\n".join([deep, long, good.replace(b"301", b"372")]))
    two = gzip.compress(good.replace(b"301", b"380") + b"\n")
    deliver("units", "hai_phan.jsonl.gz", two + gzip.compress(good.replace(b"301", b"381")))
    rows = [keyed("units", 390, MaDonVi=LONG_KEY), keyed("units", 391, Cap="x" * 100_000)]
    deliver("units", "dai.jsonl", rows)
    csv = b'MaDonVi;TenDonVi;Cap\n"H24.00320";"m\xe1\xbb\x99t; hai\nba";xa\nH24.00321;"a""b";so\n'
    deliver("units", "trich_dan.csv", csv)
    deliver("units", "chi_tieu_de.csv", b"MaDonVi,TenDonVi\n")
    deliver("units", "khong_dong.json", b'{"service": "x", "madonvi": "H24", "data": []}')
    deliver("units", "mang_rong.json", b"[]")
    deliver("units", "stt.csv", b"STT,MaDonVi,TenDonVi\n1,H24.00330,A\n")
    deliver("units", "phay_trong_cham_phay.csv", b"MaDonVi;TenDonVi\nH24.00340;a,b,c\n")
    deliver("units", "mot_cot.csv", b"MaDonVi\nH24.00350\nH24.00351\n")
    deliver("units", "phay_cuoi.csv", b"MaDonVi,TenDonVi,\nH24.00360,A,\nH24.00361,B\n")
    load_days()


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_file_of_any_name_is_read(number: int) -> None:
    assert stored("units", number) is not None


@pytest.mark.parametrize("first", [100, 200], ids=["jsonl", "csv"])
@pytest.mark.parametrize("number", range(len(VALUES)))
def test_a_value_is_stored_as_it_is_but_for_blanks_around(number: int, first: int) -> None:
    row = stored("units", first + number)
    assert row is not None
    assert row["tendonvi"] == VALUES[number].strip()


@pytest.mark.parametrize("file_name", ["nul.jsonl", "nul.csv"])
def test_what_a_database_cannot_hold_costs_no_other_row(file_name: str) -> None:
    load = load_of(file_name)
    assert load["state"] == "loaded"
    read = {"nul.jsonl": 4, "nul.csv": 2}[file_name]
    assert load["rows_read"] == read == load["rows_accepted"] + len(aside(file_name))
    for number in {"nul.jsonl": (301, 303), "nul.csv": (311,)}[file_name]:
        assert stored("units", number) is not None


def test_depth_and_length_of_json_cost_no_other_row() -> None:
    load = load_of("sau.jsonl")
    assert load["state"] == "loaded"
    assert load["rows_read"] == 3 == load["rows_accepted"] + len(aside("sau.jsonl"))
    assert stored("units", 372) is not None


def test_a_key_and_a_wrong_value_may_be_long() -> None:
    assert counts("dai.jsonl") == (2, 1, 1)
    assert LONG_KEY in {row["madonvi"] for row in newest("units").values()}
    assert [row["rule"] for row in aside("dai.jsonl")] == ["unknown_value"]


def test_a_gzip_file_of_two_parts_is_read_to_its_end() -> None:
    assert counts("hai_phan.jsonl.gz") == (2, 2, 0)


def test_quoted_cells_hold_delimiters_line_breaks_and_quotes() -> None:
    assert counts("trich_dan.csv") == (2, 2, 0)
    assert (stored("units", 320) or {})["tendonvi"] == "một; hai\nba"
    assert (stored("units", 321) or {})["tendonvi"] == 'a"b'


@pytest.mark.parametrize("file_name", ["chi_tieu_de.csv", "khong_dong.json", "mang_rong.json"])
def test_a_file_without_rows_is_read_and_has_none(file_name: str) -> None:
    assert counts(file_name) == (0, 0, 0)


def test_a_running_number_or_another_delimiter_inside_changes_nothing() -> None:
    assert (stored("units", 330) or {})["tendonvi"] == "A"
    assert (stored("units", 340) or {})["tendonvi"] == "a,b,c"


def test_a_table_may_have_one_column_or_a_last_one_without_a_name() -> None:
    assert counts("mot_cot.csv") == counts("phay_cuoi.csv") == (2, 2, 0)
    assert stored("units", 351) is not None
    assert (stored("units", 361) or {})["tendonvi"] == "B"


def test_the_tables_still_stand() -> None:
    assert select("select count(*) as rows from raw.units")[0]["rows"] >= len(NAMES)
    assert key("units", 0) in newest("units")
