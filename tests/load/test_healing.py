"""A corrected later export heals the rows that were set aside: contract/exports.md, "What bad input
gets"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chiso766.check import check_day
from chiso766.fetch import fetch_day

from ..deliveries import (
    DAY,
    DOSSIER,
    GOOD,
    Row,
    deliver,
    load_days,
    newest,
    open_rows,
    select,
    set_aside,
)

pytestmark = pytest.mark.usefixtures("empty_warehouse")

DAYS = [DAY + timedelta(days=days) for days in range(4)]


def unit(code: str = "H24", **fields: Any) -> Row:
    return {"MaDonVi": code, "Cap": "xa", **fields}


def bad(code: str = "H24", **fields: Any) -> Row:
    return unit(code, **fields) | {"Cap": "huyen"}


def open_keys() -> list[str | None]:
    return [row["row_key"] for row in open_rows()]


def healed_by() -> list[tuple[str, str]]:
    """The file of each healed row, and the file that healed it, in the order of the rows."""
    rows = select(
        "select aside.file_name, file.file_name as healer from set_aside.row as aside"
        " join ops.load on load.load_id = healed_load_id join ops.file using (file_id)"
        " order by aside.export_day, aside.file_name, aside.line"
    )
    return [(row["file_name"], row["healer"]) for row in rows]


def loaded() -> int:
    return int(select("select count(*) from ops.load")[0]["count"])


def test_a_corrected_later_export_heals_and_the_row_stays_listed() -> None:
    deliver("units", "a.json", [bad("A"), bad("B")])
    deliver("units", "b.json", [unit("A")], DAYS[1])

    load_days(DAYS[0])
    assert open_keys() == ["A", "B"]

    load_days(DAYS[1])
    assert open_keys() == ["B"]
    assert healed_by() == [("a.json", "b.json")]
    assert len(set_aside()) == 2


def test_a_row_is_healed_too_where_it_becomes_what_it_was_before() -> None:
    deliver("units", "a.json", [unit(TenDonVi="một")])
    deliver("units", "a.json", [bad(TenDonVi="hai")], DAYS[1])
    deliver("units", "a.json", [unit(TenDonVi="một")], DAYS[2])

    load_days(*DAYS[:3])

    assert open_keys() == []
    assert select("select count(*) from raw.units") == [{"count": 1}]


def test_a_table_that_has_not_the_bad_column_heals_by_the_older_value_that_stands() -> None:
    deliver("units", "a.json", [unit(TenDonVi="một")])
    deliver("units", "a.json", [bad(TenDonVi="hai")], DAYS[1])
    deliver("units", "a.csv", b"MaDonVi,TenDonVi\nH24,ba\n", DAYS[2])

    load_days(*DAYS[:3])

    assert open_keys() == []
    assert (newest("units")["H24"]["tendonvi"], newest("units")["H24"]["cap"]) == ("ba", "xa")


def test_what_was_good_before_heals_nothing() -> None:
    deliver("units", "a.json", [unit()])
    deliver("units", "b.json", [bad()])

    load_days()

    assert open_keys() == ["H24"]


def test_a_later_row_of_the_same_file_heals_and_an_earlier_one_does_not() -> None:
    deliver("units", "a.json", [bad("A"), unit("A"), unit("B"), bad("B")])

    load_days()

    assert [(row["line"], row["row_key"]) for row in open_rows()] == [(4, "B")]


def test_a_row_of_another_source_heals_nothing() -> None:
    deliver("unit_procedures", "a.json", [{"MaDonVi": "H24", "MaTTHC": ""}])
    deliver("units", "b.json", [unit()])
    deliver("units", "a.json", [bad("1")])
    deliver("procedures", "a.json", [GOOD["procedures"] | {"MaTTHC": "1"}], DAYS[1])

    load_days(*DAYS[:2])

    assert open_keys() == [None, "1"]


# Rows whose key is not what it will be when they are corrected.
UNIDENTIFIED: list[tuple[str, Row | bytes]] = [
    ("dossiers", b'{"MaHoSo": "H24.999-261120-0007", \n'),
    ("dossiers", {"MaHoSo": ""}),
    ("dossiers", {"MaHoSo": "7"}),
    ("ratings", {"NgayDanhGia": ""}),
    ("ratings", {"NgayDanhGia": "19991231"}),
    ("national_counts", {"Nam": "-1"}),
    ("announcements", {"LoaiCongBo": "thay_the"}),
]


@pytest.mark.parametrize(("source", "broken"), UNIDENTIFIED)
def test_a_row_without_its_true_key_is_healed_by_its_file_sent_again_under_its_name_only(
    source: str, broken: Row | bytes
) -> None:
    good = GOOD[source]
    deliver(source, "a.jsonl", broken if isinstance(broken, bytes) else [good | broken])
    deliver(source, "b.jsonl", [good])
    deliver(source, "a.jsonl", [good], DAYS[1])
    load_days(*DAYS[:2])
    assert len(open_rows()) == 1

    deliver(source, "a.jsonl", [good])
    load_days(DAYS[0])
    assert open_rows() == []
    assert healed_by() == [("a.jsonl", "a.jsonl")]


def test_a_petition_whose_unit_or_dossier_is_wrong_is_known_by_its_own_code() -> None:
    good = GOOD["petitions"]
    deliver("petitions", "a.json", [good | {"MaDonVi": ""}, good | {"MaHoSo": "7"}])
    deliver("petitions", "a.json", [good], DAYS[1])

    load_days(*DAYS[:2])

    assert [row["rule"] for row in set_aside()] == ["missing_key", "bad_code"]
    assert open_rows() == []


def test_a_file_sent_again_heals_of_its_keys_those_that_it_gives_correctly() -> None:
    deliver("units", "a.jsonl", [bad("A"), bad("B"), bad("C")])
    load_days()
    deliver("units", "a.jsonl", [unit("A"), bad("B")])
    load_days()

    open_now = [(row["row_key"], row["line"]) for row in open_rows()]
    assert sorted(open_now) == [("B", 2), ("B", 2), ("C", 3)]


def test_a_file_that_is_refused_when_it_is_sent_again_heals_nothing() -> None:
    deliver("units", "a.jsonl", b'{"MaDonVi": \n')
    load_days()
    deliver("units", "a.jsonl", b'{"MaDonVi": "\xff"}')
    load_days()

    assert len(open_rows()) == 1


def test_what_is_sent_as_it_was_before_its_correction_is_open_again() -> None:
    for content in ([bad()], [unit()], [bad()]):
        deliver("units", "a.json", content)
        load_days()

    assert [row["healed_load_id"] is None for row in set_aside()].count(True) == 1
    [row] = open_rows()
    [newest_file] = select("select max(file_id) as file_id from ops.file")
    assert select(
        "select 1 from ops.load where load_id = %s and file_id = %s",
        row["load_id"],
        newest_file["file_id"],
    )


# --- late files ---------------------------------------------------------------------------------


def test_a_late_file_is_healed_by_what_came_before_it_for_a_later_day() -> None:
    deliver("units", "a.json", [unit(TenDonVi="một")], DAYS[0])
    deliver("units", "a.json", [unit(TenDonVi="một")], DAYS[2])
    load_days(DAYS[0], DAYS[2])

    deliver("units", "a.json", [bad()], DAYS[1])
    load_days(DAYS[1])

    assert open_rows() == []
    assert len(set_aside()) == 1


def test_a_late_file_whose_rows_nobody_corrects_stays_open() -> None:
    deliver("units", "a.json", [unit("B")], DAYS[2])
    load_days(DAYS[2])

    deliver("units", "a.json", [bad("A")], DAYS[1])
    load_days(DAYS[1])

    assert open_keys() == ["A"]


def test_what_a_late_file_breaks_is_open_again_unless_a_third_one_gives_it() -> None:
    done_later = DOSSIER | {"NgayKetThucXuLy": "20261121160000", "NgayTra": ""}
    table = [{"MaHoSo": DOSSIER["MaHoSo"], "NgayTiepNhan": "20261121090000"}]
    deliver("dossiers", "a.json", [DOSSIER | {"HinhThuc": "5"}, done_later], DAYS[0])
    deliver("dossiers", "a.json", [DOSSIER | {"HinhThuc": "5"}], DAYS[1])
    deliver("dossiers", "b.csv", table, DAYS[2])
    load_days(*DAYS[:3])
    assert open_rows() == []

    # With this one the table's time of receipt lies behind the end.
    deliver("dossiers", "b.json", [DOSSIER], DAYS[0])
    load_days(DAYS[0])
    assert [(row["export_day"], row["rule"]) for row in open_rows()] == [
        (DAYS[1], "unknown_value"),
        (DAYS[2], "received_after_done"),
    ]

    deliver("dossiers", "a.json", [DOSSIER], DAYS[3])
    load_days(DAYS[3])
    assert open_rows() == []


def test_rows_that_were_set_aside_before_make_no_file_load_again() -> None:
    """Else each reload of a day would load all that came since."""
    deliver("units", "a.json", [unit("A"), bad("B")], DAYS[1])
    deliver("units", "a.json", [unit("C")], DAYS[2])
    load_days(DAYS[1], DAYS[2])

    deliver("units", "a.json", [unit("A", TenDonVi="một")], DAYS[0])
    load_days(DAYS[0])
    before = loaded()
    load_days(*DAYS[:3])

    assert loaded() == before == 5
    assert open_keys() == ["B"]


def test_the_files_of_a_day_that_was_not_finished_are_loaded_with_the_next_one() -> None:
    deliver("units", "a.json", [unit("A")], DAYS[0])
    deliver("units", "b.json", [unit("A", TenDonVi="b")], DAYS[0])
    deliver("units", "a.json", [unit("B")], DAYS[1])
    deliver("units", "a.json", [unit("C")], DAYS[2])
    for day in DAYS[:3]:
        fetch_day(day)

    check_day(DAYS[1])

    assert set(newest("units")) == {"A", "B"}
    assert not any(row["is_late"] for row in select("select is_late from ops.load"))
