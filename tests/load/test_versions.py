"""Which version of a row wins: contract/exports.md, "Where"."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
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
    loads,
    newest,
    select,
    set_aside,
)

pytestmark = pytest.mark.usefixtures("empty_warehouse")

UNIT = GOOD["units"]
DAYS = [DAY + timedelta(days=days) for days in range(5)]


def unit(code: str = "H24", **fields: Any) -> Row:
    return {"MaDonVi": code, "Cap": "xa", **fields}


def name_of(code: str = "H24") -> str | None:
    return newest("units")[code]["tendonvi"]


def versions(source: str = "units") -> list[Row]:
    return select(f"select * from raw.{source} order by load_id, line, row_key")


@pytest.mark.parametrize("source", GOOD)
def test_every_format_gives_the_same_row(source: str) -> None:
    for ending in ("json", "jsonl", "jsonl.gz", "csv", "csv.gz"):
        deliver(source, f"dot1.{ending}", [GOOD[source]])

    load_days()

    assert [load["rows_accepted"] for load in loads()] == [1] * 5
    assert len(versions(source)) == 1


def test_values_are_stored_by_their_kind() -> None:
    deliver("dossiers", "dot1.json", [DOSSIER | {"TrangThaiHoSo": " 09 ", "TenTTHC": " a\u0302 "}])
    deliver("procedures", "dot1.json", [GOOD["procedures"]])

    load_days()

    dossier = newest("dossiers")["H24.999-261120-0007"]
    assert dossier["trangthaihoso"] == 9
    assert dossier["tentthc"] == "â"
    assert f"{dossier['ngayhentra']:%d/%m/%Y %H:%M:%S}" == "23/11/2026 23:59:59"
    assert f"{dossier['ngaytiepnhan']:%d/%m/%Y %H:%M:%S}" == "20/11/2026 08:30:00"
    assert dossier["madvc"] is None
    assert dossier["tailieunop"] == [
        {"DuongDanTaiTepTin": "1", "DuocSoHoa": "1", "DuocTaiSuDung": "2", "DuocLayTuKhoDMQG": "0"}
    ]
    assert newest("procedures")["1.004227"]["thoihan"] == 0.5


def test_a_list_is_read_without_what_is_no_object_and_one_object_is_a_list() -> None:
    odd = {"TaiLieuNop": [None, {"DuocSoHoa": "1"}], "DSKetNoiCSDL": {"MaCSDL": "7"}}
    deliver("dossiers", "dot1.json", [DOSSIER | odd])

    load_days()

    dossier = newest("dossiers")["H24.999-261120-0007"]
    assert dossier["tailieunop"] == [{"DuocSoHoa": "1"}]
    assert dossier["dsketnoicsdl"] == [{"MaCSDL": "7"}]
    assert "bỏ qua: TaiLieuNop." in loads()[0]["warnings"]


def test_a_table_sent_again_under_its_name_keeps_what_it_has_no_column_for() -> None:
    deliver("units", "dot1.csv", [unit(TenDonVi="Một", MaGSO="31")])
    load_days()
    deliver("units", "dot1.csv", b"MaDonVi,TenDonVi\nH24,Hai\n")
    load_days()

    assert name_of() == "Hai"
    assert newest("units")["H24"]["magso"] == "31"


def test_unknown_fields_are_kept_and_named() -> None:
    deliver("units", "dot1.json", [unit(DienTich="12,5", GhiChuThem="", Muc={"a": [1, None]})])

    load_days()

    assert newest("units")["H24"]["extra"] == {"DienTich": "12,5", "Muc": {"a": ["1", None]}}
    assert "DienTich, GhiChuThem, Muc" in loads()[0]["warnings"]


def test_field_names_are_read_in_any_case() -> None:
    deliver("units", "dot1.json", [{"madonvi": "H24", "TENDONVI": "Hải Phòng", "Cap": "tinh"}])

    load_days()

    assert name_of() == "Hải Phòng"


def test_a_new_version_is_stored_only_where_the_content_changed() -> None:
    deliver("units", "dot1.json", [unit(TenDonVi="Một"), unit("H25", TenDonVi="Hai")])
    deliver("units", "dot1.json", [unit(TenDonVi="Một"), unit("H25", TenDonVi="Ba")], DAYS[1])

    load_days(*DAYS[:2])

    assert [load["rows_changed"] for load in loads()] == [2, 1]
    assert name_of("H25") == "Ba"


def test_other_spellings_of_the_same_values_are_no_change() -> None:
    spelled = {
        "TrangThaiHoSo": "10.0",
        "NgayTra": "20/11/2026 16:30",
        "TenTTHC": " Đăng ký khai sinh",
    }
    deliver("dossiers", "dot1.json", [DOSSIER])
    deliver("dossiers", "dot1.json", [DOSSIER | spelled], DAYS[1])

    load_days(*DAYS[:2])

    assert len(versions("dossiers")) == 1


def test_within_a_day_the_later_file_by_bytes_wins_and_within_a_file_the_later_row() -> None:
    deliver("units", "b.json", [unit(TenDonVi="b, dòng 1"), unit(TenDonVi="b, dòng 2")])
    deliver("units", "a.json", [unit(TenDonVi="a")])
    deliver("units", "B.json", [unit(TenDonVi="B")])

    load_days()

    assert [row["file_name"] for row in versions()] == ["B.json", "a.json", "b.json"]
    assert name_of() == "b, dòng 2"


def test_of_a_good_and_a_later_bad_row_of_a_file_the_good_one_stands() -> None:
    deliver("units", "a.json", [unit(TenDonVi="tốt"), unit(TenDonVi="hỏng", Cap="huyen")])

    load_days()

    assert name_of() == "tốt"
    assert [row["line"] for row in set_aside()] == [2]


def test_an_older_good_version_stands_when_a_row_is_set_aside_and_a_later_export_heals_it() -> None:
    deliver("units", "a.json", [unit(TenDonVi="một")])
    deliver("units", "a.json", [unit(TenDonVi="hai", Cap="huyen")], DAYS[1])
    deliver("units", "a.json", [unit(TenDonVi="ba")], DAYS[2])

    load_days(*DAYS[:2])
    assert name_of() == "một"

    load_days(DAYS[2])
    assert name_of() == "ba"


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("national_counts", {"Nam": 2026, "Thang": "11.0"}),
        ("ratings", {"NgayDanhGia": "2026-11-20T17:00:00+07:00"}),
        ("announcements", {"MaTTHC": " 1.004227 "}),
        ("online_services", {"MaDonVi": None}),
        ("portal_scores", {"period": "2026-year"}),
    ],
)
def test_keys_compare_by_value(source: str, change: Row) -> None:
    deliver(source, "a.json", [GOOD[source]])
    deliver(source, "b.json", [GOOD[source] | change])

    load_days()

    assert len(newest(source)) == 1


def test_parts_of_keys_do_not_run_into_each_other() -> None:
    parts = [("QĐ|1", "H24"), ("QĐ", "1|H24"), ("QĐ\\", "H24"), ("QĐ", "\\|H24")]
    rows = [
        GOOD["announcements"] | {"SoQuyetDinh": number, "MaDonVi": unit_code}
        for number, unit_code in parts
    ]
    deliver("announcements", "a.json", rows)

    load_days()

    assert len(newest("announcements")) == len(parts)


def test_a_key_longer_than_an_index_can_hold_is_a_key_all_the_same() -> None:
    numbers = ("Đ" * 500, "Đ" * 499)
    rows = [GOOD["announcements"] | {"SoQuyetDinh": n, "MaTTHC": "x" * 500} for n in numbers]
    deliver("announcements", "a.json", rows)

    load_days()

    assert len(newest("announcements")) == 2


def test_a_key_longer_than_any_system_makes_is_unreadable() -> None:
    deliver("units", "a.json", [unit("H" * 500), unit("H" * 501)])

    load_days()

    assert list(newest("units")) == ["H" * 500]
    assert [(row["line"], row["rule"]) for row in set_aside()] == [(2, "unreadable_line")]


# --- full dumps and deltas ------------------------------------------------------------------


def life_of_three_units() -> list[list[Row]]:
    """Day by day, all rows as they then are."""
    return [
        [unit("A", TenDonVi="a1"), unit("B", TenDonVi="b1")],
        [unit("A", TenDonVi="a2"), unit("B", TenDonVi="b1"), unit("C", TenDonVi="c1")],
        [unit("A", TenDonVi="a1"), unit("B"), unit("C", TenDonVi="c1", MaGSO="10507")],
        [unit("A", TenDonVi="a1"), unit("B"), unit("C", TenDonVi="c1", MaGSO="10507")],
    ]


def test_full_dumps_and_deltas_give_the_same_versions() -> None:
    states = life_of_three_units()
    for source, is_full in (("units", True), ("procedures", False)):
        before: list[Row] = []
        for day, rows in zip(DAYS, states, strict=False):
            given = rows if is_full else [row for row in rows if row not in before]
            deliver(source, "a.jsonl", [_as(source, row) for row in given], day)
            before = rows

    load_days(*DAYS)

    def seen(source: str, *fields: str) -> list[tuple[Any, ...]]:
        return [
            tuple(row[f] for f in ("row_key", "export_day", *fields)) for row in versions(source)
        ]

    assert seen("units", "tendonvi", "magso") == seen("procedures", "tentthc", "malinhvuc")


def _as(source: str, row: Row) -> Row:
    """The row of a unit in the shape of another source, so that both can be told apart."""
    if source == "units":
        return row
    return {
        "MaTTHC": row["MaDonVi"],
        "TenTTHC": row.get("TenDonVi"),
        "MaLinhVuc": row.get("MaGSO"),
        "CapThucHien": row["Cap"],
    }


# --- objects are complete, tables are not ---------------------------------------------------


def test_an_absent_key_of_an_object_clears_and_an_absent_column_of_a_table_leaves() -> None:
    deliver("units", "a.json", [unit(TenDonVi="Hải Phòng", MaGSO="31", DienTich="9")])
    deliver("units", "a.csv", [unit(TenDonVi="Thành phố Hải Phòng")], DAYS[1])

    load_days(*DAYS[:2])
    kept = newest("units")["H24"]
    assert (kept["magso"], kept["tendonvi"]) == ("31", "Thành phố Hải Phòng")
    assert kept["extra"] == {"DienTich": "9"}

    deliver("units", "a.json", [unit(TenDonVi="Hải Phòng")], DAYS[2])
    load_days(DAYS[2])
    cleared = newest("units")["H24"]
    assert (cleared["magso"], cleared["extra"]) == (None, None)


def test_an_empty_cell_clears_the_older_value() -> None:
    deliver("units", "a.json", [unit(MaGSO="31", DienTich="9", DanSo="1")])
    deliver("units", "a.csv", [unit(MaGSO=" ", DienTich="")], DAYS[1])

    load_days(*DAYS[:2])

    cleared = newest("units")["H24"]
    assert (cleared["magso"], cleared["extra"]) == (None, {"DanSo": "1"})


def test_a_table_without_components_does_not_wipe_them() -> None:
    table = [{"MaHoSo": DOSSIER["MaHoSo"], "NgayTra": "20261120170000"}]
    deliver("dossiers", "a.json", [DOSSIER])
    deliver("dossiers", "b.csv", table)

    load_days()

    before = DOSSIER | {"NgayTra": "20261120170000"}
    after = newest("dossiers")
    deliver("dossiers", "c.json", [before])
    load_days()
    assert newest("dossiers") == after
    assert loads()[-1]["rows_changed"] == 0


def test_what_a_table_leaves_out_is_checked_as_it_stands() -> None:
    deliver("dossiers", "a.json", [DOSSIER])
    deliver(
        "dossiers",
        "b.csv",
        [
            {"MaHoSo": DOSSIER["MaHoSo"], "NgayTiepNhan": "20261121000000"},
            {"MaHoSo": "H24.999-261120-0008", "NgayTiepNhan": "20261121000000"},
        ],
    )

    load_days()

    assert [(row["line"], row["rule"]) for row in set_aside()] == [
        (2, "received_after_done"),
        (3, "missing_procedure"),
    ]


def test_a_table_fills_from_the_version_before_its_own_place_only() -> None:
    deliver("units", "b.csv", [unit(TenDonVi="giữa")], DAYS[1])
    deliver("units", "a.json", [unit(MaGSO="sau", TenDonVi="sau")], DAYS[2])
    deliver("units", "a.json", [unit(MaGSO="trước")], DAYS[0])

    load_days(DAYS[2], DAYS[0], DAYS[1])

    middle = [row for row in versions() if row["export_day"] == DAYS[1]]
    assert [row["magso"] for row in middle] == ["trước"]
    assert name_of() == "sau"


# --- late, out of order, corrected ----------------------------------------------------------


def test_a_late_day_does_not_hide_that_a_later_one_said_something_else() -> None:
    deliver("units", "a.json", [unit(TenDonVi="a")], DAYS[0])
    deliver("units", "a.json", [unit(TenDonVi="a")], DAYS[2])
    load_days(DAYS[0], DAYS[2])

    deliver("units", "a.json", [unit(TenDonVi="b")], DAYS[1])
    load_days(DAYS[1])

    assert name_of() == "a"
    assert [(row["export_day"], row["tendonvi"]) for row in versions()] == [
        (DAYS[0], "a"),
        (DAYS[1], "b"),
        (DAYS[2], "a"),
    ]


FILES = [
    (DAYS[0], "a.json", [unit("A", TenDonVi="a1", MaGSO="1"), unit("B", TenDonVi="b1")]),
    (DAYS[1], "a.json", [unit("A", TenDonVi="a2", MaGSO="2"), unit("B", Cap="huyen")]),
    (DAYS[1], "b.csv", [unit("A", TenDonVi="a1"), unit("B", TenDonVi="b2")]),
    (DAYS[3], "a.csv", [{"MaDonVi": "A", "MaGSO": ""}, {"MaDonVi": "B", "MaGSO": "9"}]),
]


# What they amount to, worked out by hand: name and statistical code.
IN_ORDER = {"A": ("a1", None), "B": ("b2", "9")}


@pytest.mark.parametrize("order", list(permutations(range(len(FILES))))[::4])
def test_any_order_of_arrival_ends_in_the_same_newest_versions(order: tuple[int, ...]) -> None:
    for index in order:
        day, name, rows = FILES[index]
        deliver("units", name, rows, day)
        load_days(day)

    named = {key: (row["tendonvi"], row["magso"]) for key, row in newest("units").items()}
    assert named == IN_ORDER
    counts = [(row["rows_read"], row["rows_set_aside"]) for row in loads()]
    assert counts == [(2, 0), (2, 1), (2, 0), (2, 0)]
    assert len(set_aside()) == 1


def test_a_late_value_that_breaks_a_later_row_lets_the_older_good_version_stand() -> None:
    done_later = DOSSIER | {"NgayKetThucXuLy": "20261121160000", "NgayTra": ""}
    table = [{"MaHoSo": DOSSIER["MaHoSo"], "NgayTiepNhan": "20261121090000"}]
    deliver("dossiers", "a.json", [done_later], DAYS[0])
    deliver("dossiers", "a.csv", table, DAYS[2])
    load_days(DAYS[0], DAYS[2])
    assert set_aside() == []

    deliver("dossiers", "a.json", [DOSSIER], DAYS[1])
    load_days(DAYS[1])

    assert [(row["export_day"], row["rule"]) for row in set_aside()] == [
        (DAYS[2], "received_after_done")
    ]
    [dossier] = newest("dossiers").values()
    assert f"{dossier['ngaytiepnhan']:%Y%m%d%H%M%S}" == DOSSIER["NgayTiepNhan"]


def test_a_correction_of_the_same_name_wins_over_the_first_content_and_loses_to_later_files() -> (
    None
):
    deliver("units", "a.json", [unit("A", TenDonVi="sai"), unit("B", TenDonVi="giữ")])
    deliver("units", "b.json", [unit("C", TenDonVi="c")])
    deliver("units", "a.json", [unit("A", TenDonVi="sai"), unit("C", TenDonVi="c")], DAYS[1])
    load_days(*DAYS[:2])

    deliver("units", "a.json", [unit("A", TenDonVi="đúng"), unit("C", TenDonVi="đầu")])
    load_days(DAYS[0])

    assert (name_of("A"), name_of("B"), name_of("C")) == ("sai", "giữ", "c")
    of_day = [row for row in versions() if row["export_day"] == DAYS[0] and row["row_key"] == "A"]
    assert [row["tendonvi"] for row in of_day] == ["sai", "đúng"]


def test_only_what_a_late_file_can_have_changed_is_loaded_again() -> None:
    for day in DAYS[1:4]:
        deliver("units", "a.json", [unit(TenDonVi="a")], day)
    load_days(*DAYS[1:4])

    deliver("units", "a.json", [], DAYS[0])
    deliver("units", "b.json", [unit(TenDonVi="a")], DAYS[2])
    load_days(DAYS[0], DAYS[2])

    assert select("select count(*) from ops.load") == [{"count": 5}]


def late() -> dict[tuple[date, str], bool]:
    return {(row["export_day"], row["file_name"]): row["is_late"] for row in loads()}


def test_late_is_what_comes_after_its_day_or_a_later_one_was_checked() -> None:
    for day in (DAYS[1], DAYS[2]):
        deliver("units", "a.json", [unit(TenDonVi="a")], day)
    load_days(DAYS[1], DAYS[2])
    assert not any(late().values())

    deliver("units", "b.json", [unit(TenDonVi="b")], DAYS[1])
    deliver("units", "a.json", [unit(TenDonVi="c")], DAYS[0])
    load_days(DAYS[0], DAYS[1])

    assert late() == {
        (DAYS[0], "a.json"): True,
        (DAYS[1], "a.json"): False,
        (DAYS[1], "b.json"): True,
        (DAYS[2], "a.json"): False,
    }


def test_days_fetched_ahead_and_checked_in_order_are_not_late() -> None:
    for day in DAYS[:3]:
        deliver("units", "a.json", [unit()], day)
        fetch_day(day)
    for day in DAYS[:3]:
        check_day(day)

    assert not any(late().values())


def test_a_file_that_comes_late_for_an_earlier_day_is_loaded_by_the_next_night() -> None:
    deliver("units", "a.json", [unit(TenDonVi="a")])
    load_days(DAYS[0])
    deliver("units", "b.json", [unit(TenDonVi="b")])
    deliver("units", "a.json", [unit("H25")], DAYS[1])

    load_days(DAYS[1])

    assert name_of() == "b"
    assert late() == {
        (DAYS[0], "a.json"): False,
        (DAYS[0], "b.json"): True,
        (DAYS[1], "a.json"): False,
    }
