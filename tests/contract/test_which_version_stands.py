"""The newest export day, file and line wins; what is not said does not change, nor go away."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from ..deliveries import DAY, Row, deliver, load_days, newest, select, set_aside
from . import tables
from .rows import KEYS, ROWS, content, keyed, load_of, stored

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NEXT = DAY + timedelta(days=1)
AFTER = DAY + timedelta(days=2)


def unit(number: int, **fields: Any) -> Row:
    return {"MaDonVi": f"H24.{number:05}", **fields}


def lines(*rows: Row) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def table(*rows: Row, delimiter: str = ",") -> bytes:
    return tables.comma_separated(tables.plain(list(rows)), delimiter)


def sheet(*rows: Row) -> bytes:
    return tables.xlsx(*tables.vendor_sheet(list(rows)))


def name(number: int) -> str | None:
    row = stored("units", number)
    assert row is not None
    return row["tendonvi"]


def test_the_newest_day_then_the_later_file_then_the_later_line_wins() -> None:
    # 1: by day, though the older file comes later by name and line
    deliver("units", "z.jsonl", lines(unit(1), unit(1, TenDonVi="cũ")))
    deliver("units", "a.jsonl", lines(unit(1, TenDonVi="mới")), NEXT)
    # 2: by the name's bytes, whatever the format
    for number, names in enumerate(
        [
            ("B.jsonl", "a.jsonl"),
            ("dot10.jsonl", "dot2.jsonl"),
            ("zz.jsonl", "đ.jsonl"),
            ("c.csv", "c.jsonl"),
            ("d-1.csv", "d.csv"),
            ("e.json", "e.xlsx"),
            ("f (2).jsonl", "f.jsonl"),
        ],
        2,
    ):
        for said, file_name in zip(("trước", "sau"), names, strict=True):
            row = unit(number, TenDonVi=said)
            writers = {"csv": table, "xlsx": sheet, "json": lambda row: json.dumps([row]).encode()}
            write = writers.get(file_name.rsplit(".")[-1], lines)
            deliver("units", file_name, write(row))
    # 20: by line
    deliver("units", "m.jsonl", lines(*(unit(20, TenDonVi=str(line)) for line in range(1, 12))))
    deliver("units", "n.csv", table(*(unit(21, TenDonVi=str(line)) for line in range(1, 12))))
    deliver("units", "o.xlsx", sheet(*(unit(22, TenDonVi=str(line)) for line in range(1, 12))))

    load_days(DAY, NEXT)

    assert name(1) == "mới"
    assert [name(number) for number in range(2, 9)] == ["sau"] * 7
    assert [name(number) for number in (20, 21, 22)] == ["11"] * 3


@pytest.mark.parametrize("write", [lines, table, sheet], ids=["json", "csv", "xlsx"])
def test_an_empty_value_clears_the_older_one(write: Any) -> None:
    ending = {lines: "jsonl", table: "csv", sheet: "xlsx"}[write]
    deliver("units", f"a.{ending}", write(unit(1, TenDonVi="cũ", MaGSO="10507", Cap="xa")))
    deliver("units", f"a.{ending}", write(unit(1, TenDonVi="", MaGSO="  ", Cap="xa")), NEXT)

    load_days(DAY, NEXT)

    row = stored("units", 1)
    assert row is not None
    assert (row["tendonvi"], row["magso"], row["cap"]) == (None, None, "xa")


def test_null_in_json_clears_too() -> None:
    deliver("units", "a.jsonl", lines(unit(1, TenDonVi="cũ")))
    deliver("units", "a.jsonl", lines(unit(1, TenDonVi=None)), NEXT)

    load_days(DAY, NEXT)

    assert name(1) is None


def test_a_cell_missing_at_the_end_of_a_csv_line_is_empty() -> None:
    deliver("units", "a.jsonl", lines(unit(1, TenDonVi="cũ", Cap="xa", MaGSO="10507")))
    deliver("units", "a.csv", b"MaDonVi,Cap,TenDonVi,MaGSO\nH24.00001,so\n", NEXT)

    load_days(DAY, NEXT)

    row = stored("units", 1)
    assert row is not None
    assert (row["tendonvi"], row["cap"], row["magso"]) == (None, "so", None)
    assert not set_aside()


def test_a_json_object_is_complete_and_a_table_says_only_what_it_has_columns_for() -> None:
    sources = ("dossiers", "petitions", "procedures", "online_services", "documents", "surveys")
    for source in sources:
        needed = {*KEYS[source], "MaTTHC", "TrangThaiHoSo", "MaDonVi", "NgayGui"}
        short = [
            {field: row[field] for field in row if field in needed}
            for row in (keyed(source, number) for number in (1, 2, 3))
        ]
        bare = keyed(source, 4) | dict.fromkeys(ROWS[source].keys() - needed, "")
        deliver(source, "a.jsonl", lines(*(keyed(source, n) for n in (1, 2, 3)), bare))
        deliver(source, "b.jsonl", lines(short[0]), NEXT)
        deliver(source, "b.csv", table(short[1]), NEXT)
        if source in ("dossiers", "surveys"):
            deliver(source, "b.xlsx", sheet(short[2]), NEXT)

    load_days(DAY, NEXT)

    for source in sources:
        wiped, kept, full = (content(stored(source, number), source) for number in (1, 2, 3))
        assert kept == full, source
        assert wiped == content(stored(source, 4), source) != full, source
        assert load_of("b.csv", source, NEXT)["rows_accepted"] == 1


def test_a_table_without_components_does_not_wipe_them_and_one_with_empty_cells_does() -> None:
    lists = (
        "DSKetNoiCSDL",
        "TaiLieuNop",
        "DanhSachLePhi",
        "DanhSachGiayToKetQua",
        "DanhSachHoSoBoSung",
    )
    rows = {number: keyed("dossiers", number) for number in (1, 2, 3)}
    deliver("dossiers", "a.json", rows.values())
    without = {field: rows[1][field] for field in rows[1] if field not in lists}
    deliver("dossiers", "a.csv", table(without | {"TenTTHC": "tên mới"}), NEXT)
    deliver("dossiers", "b.csv", table(rows[2] | dict.fromkeys(lists, "")), NEXT)
    deliver("dossiers", "c.csv", table(rows[3] | dict.fromkeys(lists, "[]")), NEXT)

    load_days(DAY, NEXT)

    found = {number: stored("dossiers", number) or {} for number in rows}
    assert found[1]["tentthc"] == "tên mới"
    assert len(found[1]["tailieunop"]) == len(found[1]["danhsachlephi"]) == 1
    assert [found[2][column.lower()] or [] for column in lists] == [[]] * 5
    assert [found[3][column.lower()] or [] for column in lists] == [[]] * 5


def test_a_short_table_after_a_json_object_on_the_same_day_keeps_what_the_object_said() -> None:
    deliver("units", "a.json", [unit(1, TenDonVi="cũ", Cap="xa")])
    deliver("units", "b.csv", table(unit(1, Cap="so")))
    deliver("units", "c.csv", table(unit(1, TenDonVi="mới")))

    load_days(DAY)

    row = stored("units", 1)
    assert row is not None
    assert (row["tendonvi"], row["cap"]) == ("mới", "so")


def test_full_dumps_and_daily_changes_give_the_same_rows_and_absence_deletes_nothing() -> None:
    history: dict[date, dict[int, str]] = {
        DAY: {1: "a", 2: "b", 3: "c"},
        NEXT: {2: "b2", 4: "d"},
        AFTER: {1: "", 2: "b", 5: "e"},
    }
    known: dict[int, str] = {}
    for day, changes in history.items():
        known |= changes
        deliver("units", "bien_dong.jsonl", lines(*named(changes, 0)), day)
        # A full dump may leave out what is gone: it stays all the same.
        whole = {number: said for number, said in known.items() if (number, day) != (3, AFTER)}
        deliver("units", "toan_bo.csv", table(*named(whole, 100)), day)

    load_days(*history)

    assert {number: name(number) for number in known} == {
        number: said or None for number, said in known.items()
    }
    assert all(name(number) == name(number + 100) for number in known)
    assert [len(versions(number)) for number in known] == [
        len(versions(number + 100)) for number in known
    ]


def test_a_table_without_a_required_column_leaves_what_older_exports_said_there() -> None:
    full = keyed("dossiers", 1, NgayTiepNhan="20261120083000", NgayKetThucXuLy="")
    deliver("dossiers", "a.jsonl", lines(full))
    deliver("petitions", "a.jsonl", lines(keyed("petitions", 1)))
    delta = {"MaHoSo": full["MaHoSo"], "TenTTHC": "mới"}
    unknown = {"MaHoSo": keyed("dossiers", 2)["MaHoSo"], "TenTTHC": "chưa từng có"}
    deliver("dossiers", "b.csv", table(delta, unknown), NEXT)
    deliver("petitions", "b.csv", table({"MaPAKN": "H24.00001", "LuotThich": "8"}), NEXT)
    finished = {"MaHoSo": full["MaHoSo"], "NgayKetThucXuLy": "20261120083000"}
    deliver("dossiers", "c.csv", table(finished), AFTER)

    load_days(DAY, NEXT, AFTER)

    dossier, petition = stored("dossiers", 1), stored("petitions", 1)
    assert dossier is not None
    assert petition is not None
    assert (dossier["tentthc"], dossier["matthc"]) == ("mới", "1.004227")
    assert dossier["ngayketthucxuly"] == dossier["ngaytiepnhan"]
    assert (petition["luotthich"], petition["madonvi"]) == (8, "H24.999")
    assert [(row["line"], row["rule"]) for row in set_aside()] == [(3, "missing_procedure")]


def test_a_table_that_makes_an_older_row_break_a_rule_is_set_aside() -> None:
    full = keyed("dossiers", 1, NgayTiepNhan="20261120083000", NgayKetThucXuLy="")
    deliver("dossiers", "a.jsonl", lines(full))
    finished = {"MaHoSo": full["MaHoSo"], "NgayKetThucXuLy": "20261120082959"}
    deliver("dossiers", "b.csv", table(finished), NEXT)

    load_days(DAY, NEXT)

    assert [row["rule"] for row in set_aside()] == ["received_after_done"]
    assert (stored("dossiers", 1) or {})["ngayketthucxuly"] is None


def test_a_key_is_the_same_in_every_format() -> None:
    rows = {
        "jsonl": keyed("documents", 1, GuiDienTu="0"),
        "csv": keyed("documents", 1, NgayBanHanh="17/11/2026", GuiDienTu="0"),
        "xlsx": keyed("documents", 1, GuiDienTu="1", NgayBanHanh="2026-11-17"),
    }
    deliver("documents", "a.jsonl", lines(rows["jsonl"]))
    deliver("documents", "b.csv", table(rows["csv"]))
    grid, merges = tables.vendor_sheet([rows["xlsx"]])
    typed = [[date(2026, 11, 17) if cell == "2026-11-17" else cell for cell in r] for r in grid]
    deliver("documents", "c.xlsx", tables.xlsx(typed, merges))
    deliver("petitions", "a.json", json.dumps([keyed("petitions", 1, MaPAKN=12345)]).encode())
    deliver("petitions", "b.json", json.dumps([keyed("petitions", 1, MaPAKN="12345")]).encode())

    load_days()

    assert [row["guidientu"] for row in newest("documents").values()] == [1]
    assert [row["mapakn"] for row in newest("petitions").values()] == ["12345"]


def named(said: dict[int, str], first: int) -> list[Row]:
    return [unit(number + first, TenDonVi=text) for number, text in said.items()]


def versions(number: int) -> list[Row]:
    return select("select * from raw.units where madonvi = %s", f"H24.{number:05}")


def test_a_value_that_comes_back_is_the_newest_again() -> None:
    for day, said in ((DAY, "a"), (NEXT, "b"), (AFTER, "a")):
        deliver("units", "x.jsonl", lines(unit(1, TenDonVi=said)), day)

    load_days(DAY, NEXT, AFTER)

    assert name(1) == "a"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_days_that_come_in_any_order_end_in_the_same_rows(order: tuple[int, ...]) -> None:
    days = (DAY, NEXT, AFTER)
    full = keyed("dossiers", 1)
    files = (
        ("a.json", json.dumps([full]).encode()),
        ("a.csv", table({"MaHoSo": full["MaHoSo"], "MaTTHC": "x", "TrangThaiHoSo": "4"})),
        (
            "a.xlsx",
            sheet({**full, "DanhSachLePhi": "", "TrangThaiHoSo": "9"} | {"TenTTHC": "mới"}),
        ),
    )
    for place in order:
        deliver("dossiers", *files[place], days[place])
        load_days(days[place])

    row = stored("dossiers", 1)
    assert row is not None
    assert (row["tentthc"], row["trangthaihoso"], row["matthc"]) == ("mới", 9, "1.004227")
    assert not row["danhsachlephi"]
    assert len(row["tailieunop"]) == 1
    assert not set_aside()


# A key as two exports may write it; what says the first field itself comes first.
SAME: dict[str, list[tuple[Row, Row]]] = {
    "dossiers": [({}, {"MaHoSo": " H24.999-261120-0001\t"})],
    "petitions": [({}, {"MaPAKN": " H24.00001 "})],
    "ratings": [
        ({}, {"MaHoSo": "H24.999-261120-0001 "}),
        ({"NgayDanhGia": "20261120170000"}, {"NgayDanhGia": "20/11/2026 17:00"}),
        ({"NgayDanhGia": "2026-11-20"}, {"NgayDanhGia": "20261120000000"}),
        ({"NgayDanhGia": "20261120170000"}, {"NgayDanhGia": "2026-11-20T10:00:00Z"}),
    ],
    "surveys": [({}, {"MaPhieu": "\u00a0H24.00001"})],
    "procedures": [({}, {"MaTTHC": "H24.00001 "})],
    "online_services": [
        ({}, {"MaDVC": " H24.00001"}),
        ({"MaDonVi": ""}, {"MaDonVi": "  "}),
        ({"MaDonVi": "H24"}, {"MaDonVi": "H24 "}),
    ],
    "announcements": [({"SoQuyetDinh": "Số 1"}, {"SoQuyetDinh": "Sô\u0301 1"})],
    "national_counts": [
        ({"Thang": "3", "Nam": "2026"}, {"Thang": "03", "Nam": 2026}),
        ({"Thang": "0"}, {"Thang": 0}),
    ],
    "documents": [
        ({}, {"SoKyHieu": " H24.00001"}),
        ({"NgayBanHanh": "20261117"}, {"NgayBanHanh": "17/11/2026"}),
    ],
    "tasks": [({}, {"MaNhiemVu": " H24.00001 ", "MaDonVi": " H24.999"})],
    "units": [({}, {"MaDonVi": "\nH24.00001"})],
    "unit_procedures": [({}, {"MaDonVi": "H24.00001 ", "MaTTHC": " 1.004227 "})],
    "portal_scores": [
        ({}, {"unit_code": "H24.00001 "}),
        ({"period": "2026"}, {"period": "2026-year"}),
    ],
}
OTHER = {
    "NgayDanhGia": "20261120170001",
    "MaDonVi": "H24.998",
    "LoaiCongBo": "moi",
    "MaTTHC": "1.004228",
    "Nam": "2025",
    "Thang": "0",
    "NgayBanHanh": "20261116",
    "period": "2026-11",
    "metric": "TOTAL",
}


def test_keys_compare_by_value_and_blanks_around_do_not_count() -> None:
    assert SAME.keys() == KEYS.keys()
    for source, pairs in SAME.items():
        rows = [
            keyed(source, number) | said for number, pair in enumerate(pairs, 1) for said in pair
        ]
        deliver(source, "a.jsonl", lines(*rows))

    load_days()

    for source, pairs in SAME.items():
        assert load_of("a.jsonl", source)["rows_accepted"] == 2 * len(pairs), source
        assert len(newest(source)) == len(pairs), source


def test_every_field_of_a_key_makes_another_row_and_no_other_field_does() -> None:
    for source, key in KEYS.items():
        row = keyed(source, 1)
        others = [row | {field: OTHER[field]} for field in key[1:]] + [keyed(source, 2)]
        needed = {*key, "MaTTHC", "TrangThaiHoSo", "MaDonVi", "NgayGui"}
        deliver(source, "a.jsonl", lines(row, *others, row | dict.fromkeys(row.keys() - needed)))

    load_days()

    for source, key in KEYS.items():
        assert load_of("a.jsonl", source)["rows_accepted"] == 2 + len(key), source
        assert len(newest(source)) == 1 + len(key), source
