"""A line that cannot be read, an older good version that stands, and exports that heal."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ..deliveries import DAY, Row, deliver, load_days, newest, set_aside
from . import tables
from .rows import aside, counts, key, keyed, load_of, stored

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NEXT = DAY + timedelta(days=1)
AFTER = DAY + timedelta(days=2)

BREAKS: dict[str, Row] = {
    "dossiers": {"TrangThaiHoSo": "99"},
    "petitions": {"PhanLoai": "la"},
    "ratings": {"MucDo": "la"},
    "surveys": {"Cau1": "6"},
    "procedures": {"LePhi": "-1"},
    "online_services": {"TrangThai": "la"},
    "announcements": {"NgayHieuLuc": "31/02/2026"},
    "national_counts": {"SoHoSoTiepNhan": "nhiều"},
    "documents": {"KySoCoQuan": "2"},
    "tasks": {"HanHoanThanh": "sắp tới"},
    "units": {"Cap": "la"},
    "portal_scores": {"score": "-1"},
}


def healed() -> list[bool]:
    return [row["healed_load_id"] is not None for row in set_aside()]


def test_an_older_good_version_stands_and_a_corrected_later_export_heals() -> None:
    for source in BREAKS:
        deliver(source, "x.jsonl", [keyed(source, 1), keyed(source, 2)])
        broken = [keyed(source, 1) | BREAKS[source], keyed(source, 3) | BREAKS[source]]
        deliver(source, "x.jsonl", broken, NEXT)
    load_days(DAY, NEXT)
    good = {source: newest(source) for source in BREAKS}
    for source in BREAKS:
        assert len(good[source]) == 2, source
        assert counts("x.jsonl", source, NEXT) == (2, 0, 2)
    assert not any(healed())

    for source in BREAKS:
        deliver(source, "x.jsonl", [keyed(source, 1)], AFTER)
    load_days(AFTER)

    for source in BREAKS:
        by = [row["healed_load_id"] for row in aside("x.jsonl", source, NEXT)]
        assert by == [load_of("x.jsonl", source, AFTER)["load_id"], None], source
        assert newest(source) == good[source], source


def test_what_was_set_aside_says_where_and_what() -> None:
    rows = [keyed("dossiers", 1), keyed("dossiers", 2, TrangThaiHoSo="99")]
    deliver("dossiers", "dot 1.csv", tables.comma_separated(tables.plain(rows), ";"))

    load_days()

    (row,) = set_aside()
    assert (row["source"], row["export_day"], row["file_name"]) == ("dossiers", DAY, "dot 1.csv")
    assert (row["line"], row["rule"]) == (3, "unknown_status")
    assert (row["field"], row["value"]) == ("TrangThaiHoSo", "99")
    assert row["unit_code"] == "H24.999"
    assert key("dossiers", 2) in row["row_key"]


def test_a_good_version_of_before_does_not_heal() -> None:
    deliver("units", "x.jsonl", [keyed("units", 1, Cap="la")], NEXT)
    load_days(NEXT)
    deliver("units", "x.jsonl", [keyed("units", 1)], DAY)
    load_days(DAY)

    assert healed() == [False]
    assert stored("units", 1) is not None


def test_a_later_export_that_is_broken_too_does_not_heal() -> None:
    deliver("units", "x.jsonl", [keyed("units", 1, Cap="la")])
    deliver("units", "x.jsonl", [keyed("units", 1, Cap="la lắm")], NEXT)
    load_days(DAY, NEXT)

    assert healed() == [False, False]

    deliver("units", "x.jsonl", [keyed("units", 1)], AFTER)
    load_days(AFTER)

    assert healed() == [True, True]


def test_a_row_of_another_key_does_not_heal() -> None:
    deliver("announcements", "x.jsonl", [keyed("announcements", 1, NgayHieuLuc="x")])
    deliver("announcements", "x.jsonl", [keyed("announcements", 1, LoaiCongBo="moi")], NEXT)
    load_days(DAY, NEXT)

    assert healed() == [False]


def test_a_later_file_of_the_same_day_heals() -> None:
    deliver("units", "a.jsonl", [keyed("units", 1, Cap="la")])
    deliver("units", "b.jsonl", [keyed("units", 1)])
    load_days()

    assert healed() == [True]


def test_a_correction_heals_though_it_says_what_was_there_before() -> None:
    deliver("units", "a.jsonl", [keyed("units", 1)])
    deliver("units", "a.jsonl", [keyed("units", 1, Cap="la")], NEXT)
    deliver("units", "a.csv", [keyed("units", 1)], AFTER)
    load_days(DAY, NEXT, AFTER)

    assert healed() == [True]


def test_a_file_sent_again_corrected_leaves_no_row_of_it_open() -> None:
    deliver("units", "a.jsonl", [keyed("units", 1, Cap="la"), keyed("units", 2)])
    load_days()
    deliver("units", "a.jsonl", [keyed("units", 1), keyed("units", 2)])
    load_days()

    assert all(healed())
    assert {row["madonvi"] for row in newest("units").values()} == {key("units", n) for n in (1, 2)}


def test_a_broken_json_line_is_set_aside_and_the_lines_around_it_are_read() -> None:
    good = [json.dumps(keyed("units", number)) for number in (1, 2, 3)]
    lines = [good[0], good[1][:-1], "", good[1], "{}x", "null", "[]", "7", '"x"', good[2][:-4]]
    deliver("units", "a.jsonl", ("\n".join(lines)).encode())

    load_days()

    broken = aside("a.jsonl")
    assert [(row["line"], row["rule"]) for row in broken] == [
        (line, "unreadable_line") for line in (2, 5, 6, 7, 8, 9, 10)
    ]
    assert all(row["value"] is None for row in broken)
    assert len(newest("units")) == 2
    load = load_of("a.jsonl")
    assert load["rows_read"] == load["rows_accepted"] + load["rows_set_aside"] == 9


def test_a_csv_row_with_too_many_cells_is_unreadable_and_one_with_too_few_is_not() -> None:
    content = "MaDonVi,Cap,TenDonVi\nA,xa,Tên\nB,xa,Tên,thừa\nC,xa\nD\nE,xa,Tên,\nF,xa,Tên\n"
    deliver("units", "a.csv", content.encode())

    load_days()

    places = {row["line"]: row for row in aside("a.csv")}
    assert places[3]["rule"] == "unreadable_line"
    assert (places[3]["value"], places[3]["row_key"]) == (None, None)
    assert {"A", "C", "D", "F"} <= {row["madonvi"] for row in newest("units").values()}
    assert "B" not in {row["madonvi"] for row in newest("units").values()}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_list_cell_that_is_not_json_makes_the_row_unreadable(ending: str) -> None:
    cells = ["[]", "không phải JSON", "[{", "{'Gia': 1}", "[1,]", "[] []"]
    rows = [keyed("dossiers", n, DanhSachLePhi=cell) for n, cell in enumerate(cells)]
    if ending == "csv":
        deliver("dossiers", "a.csv", tables.comma_separated(tables.plain(rows)))
    else:
        deliver("dossiers", "a.xlsx", tables.xlsx(*tables.vendor_sheet(rows)))

    load_days()

    assert counts("a." + ending) == (6, 1, 5)
    assert {(row["rule"], row["value"]) for row in set_aside()} == {("unreadable_line", None)}
    assert stored("dossiers", 0) is not None


def test_a_broken_line_does_not_take_the_place_of_an_older_version() -> None:
    deliver("units", "a.jsonl", [keyed("units", 1)])
    deliver("units", "a.jsonl", json.dumps(keyed("units", 1)).encode()[:-1], NEXT)
    load_days(DAY, NEXT)

    assert stored("units", 1) is not None
    assert counts("a.jsonl", "units", NEXT) == (1, 0, 1)


def test_a_broken_row_between_two_good_ones_of_its_key_leaves_the_last_good_one() -> None:
    rows = [keyed("units", 1, TenDonVi=name, Cap=cap) for name, cap in (("a", "xa"), ("b", "la"))]
    deliver("units", "a.jsonl", [*rows, keyed("units", 1, TenDonVi="c")])
    load_days()

    assert (stored("units", 1) or {})["tendonvi"] == "c"
    assert healed() == [True]


def test_a_file_may_have_any_number_of_rows_that_break_a_rule() -> None:
    rows = [keyed("units", n, Cap="la") for n in range(1, 701)]
    rows += [keyed("units", n) for n in range(701, 1001)]
    rows += [keyed("units", n, ChungThucBanSaoDienTu="7") for n in range(1001, 1251)]
    deliver("units", "a.jsonl", rows)
    deliver("units", "a.jsonl", [keyed("units", n) for n in range(1, 700)], NEXT)
    load_days(DAY, NEXT)

    assert counts("a.jsonl") == (1250, 300, 950)
    found = aside("a.jsonl")
    assert [row["line"] for row in found] == [*range(1, 701), *range(1001, 1251)]
    assert sum(row["healed_load_id"] is not None for row in found) == 699


def test_blanks_around_a_value_do_not_count() -> None:
    row = {"KenhThucHien": " 2 ", "TrangThaiHoSo": "\t9", "NgayHenTra": " 20261123 "}
    deliver("dossiers", "a.jsonl", [keyed("dossiers", 1, **row)])
    row = {"CapThucHien": " tinh ; xa ", "TrangThai": " cong_khai ", "LePhi": " 8000 "}
    deliver("procedures", "a.csv", [keyed("procedures", 1, **row)])
    load_days()

    assert not set_aside()


def test_a_dossiers_unit_is_its_code_without_the_last_two_parts() -> None:
    codes = ("G01-H24.999-261120-0001", "H24.999-20261120-0007")
    rows = [keyed("dossiers", 1, MaHoSo=code, TrangThaiHoSo="0") for code in codes]
    deliver("dossiers", "a.jsonl", rows)
    load_days()

    assert [row["unit_code"] for row in set_aside()] == ["G01-H24.999", "H24.999"]


def test_a_dossier_of_a_unit_that_is_not_known_is_kept() -> None:
    deliver("dossiers", "a.jsonl", [keyed("dossiers", 1, MaHoSo="X9.1-261120-1")])
    load_days()

    assert [row["mahoso"] for row in newest("dossiers").values()] == ["X9.1-261120-1"]
