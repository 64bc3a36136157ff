"""Fields nobody listed are kept; what is personal stands in clear nowhere in the warehouse."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ..deliveries import DAY, Row, deliver, load_days, select
from . import tables
from .rows import ROWS, aside, counts, keyed, load_of, stored

NEXT = DAY + timedelta(days=1)
ODD = {"TruongLa": "Giá trị lạ", "SoLa": 12.5, "CoLa": True, "RongLa": None, "DanhSachLa": [{}]}

PERSONAL: dict[str, tuple[str, ...]] = {
    "dossiers": (
        "ChuHoSo",
        "SoGiayToChuHoSo",
        "SoDienThoai",
        "Email",
        "Fax",
        "DiaChi",
        "TrichYeuHoSo",
        "GhiChu",
        "ThongTinKhac",
        "NguoiXuLy",
    ),
    "petitions": ("TieuDe", "NoiDung", "NguoiGui", "SoDienThoai", "Email"),
    "ratings": ("NoiDung",),
    "documents": ("TrichYeu",),
}
SECRET = "BiMat"


# Titles under which systems show the applicant, an identity number, a phone, an address.
PERSONAL_TITLES = (
    "Chủ hồ sơ",
    "Chủ hồ sơ / tổ chức",
    "Họ và tên người nộp",
    "Số CCCD/CMND",
    "Số định danh cá nhân",
    "Số điện thoại",
    "SĐT liên hệ",
    "Địa chỉ thường trú",
    "Nơi cư trú",
)


def private_of(title: str) -> str:
    return f"RiengTu{PERSONAL_TITLES.index(title)}"


def secret(source: str, field: str, place: str) -> str:
    return f"{SECRET} {source} {field} {place}"


def with_secrets(source: str, number: int, place: str, **fields: Any) -> Row:
    row = keyed(source, number, **{f: secret(source, f, place) for f in PERSONAL[source]})
    if source == "dossiers":
        row["DinhDanhCHS"] = [{"SoDinhDanh": secret(source, "DinhDanhCHS", place)}]
        row["DanhSachHoSoBoSung"] = [
            {"HoSoBoSungId": "1", "NoiDungBoSung": secret(source, "NoiDungBoSung", place)}
        ]
        row["ThongTinKhac"] = {"GhiChuRieng": secret(source, "ThongTinKhac", place)}
    return row | fields


def deliver_everywhere(source: str) -> None:
    """Good rows, and rows that are set aside, in every kind of file."""
    broken: Row = {
        "dossiers": {"TrangThaiHoSo": "99"},
        "petitions": {"PhanLoai": "la"},
        "ratings": {"MucDo": "la"},
        "documents": {"GuiDienTu": "9"},
    }[source]
    for place, number in (("jsonl", 100), ("json", 110), ("csv", 120), ("xlsx", 130)):
        rows = [
            with_secrets(source, number, place),
            with_secrets(source, number + 1, place, **broken),
        ]
        if place == "json":
            content = json.dumps({"service": "x", "data": rows}).encode()
        elif place == "csv":
            content = tables.comma_separated(tables.plain(rows), ";")
        elif place == "xlsx":
            content = tables.xlsx(*tables.vendor_sheet(rows))
        else:
            content = "".join(json.dumps(row) + "\n" for row in rows).encode()
            # lines that cannot be read: cut, doubled, and not JSON at all
            content += json.dumps(rows[0]).encode()[:-3] + b"\n"
            content += secret(source, "x", "line").encode() + b"\n"
            content += json.dumps([secret(source, "x", "array")]).encode() + b"\n"
        deliver(source, f"rieng.{place}", content)
    header, row = tables.plain([with_secrets(source, 140, "cells")])
    too_many = [*row, secret(source, "x", "one cell too many")]
    deliver(source, "du_o.csv", tables.comma_separated([header, too_many]))


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    for source in ROWS:
        deliver(source, "la.jsonl", [keyed(source, 1) | ODD])
        deliver(source, "la.csv", [keyed(source, 2) | {"Cột lạ": "Giá trị lạ", "Trống": ""}])
        if source in ("units", "dossiers"):
            rows = [keyed(source, 3) | {"Cột lạ": "Giá trị lạ"}]
            deliver(source, "la.xlsx", tables.xlsx(*tables.vendor_sheet(rows)))
    for source in PERSONAL:
        deliver_everywhere(source)
    private = {title: private_of(title) for title in PERSONAL_TITLES}
    deliver("dossiers", "tua_khac.csv", [keyed("dossiers", 300) | private])
    load_days()


def extra(source: str, number: int) -> Any:
    row = stored(source, number)
    assert row is not None
    return row["extra"]


# A survey's further columns are its questions.
@pytest.mark.parametrize("source", [source for source in ROWS if source != "surveys"])
def test_unknown_fields_are_kept_beside_the_row_and_fail_nothing(source: str) -> None:
    assert counts("la.jsonl", source) == counts("la.csv", source) == (1, 1, 0)
    kept = extra(source, 1)
    assert kept["TruongLa"] == "Giá trị lạ"
    assert str(kept["SoLa"]) == "12.5"
    assert "CoLa" in kept
    assert "DanhSachLa" in kept
    assert "Giá trị lạ" in extra(source, 2).values()


@pytest.mark.parametrize("source", ["units", "dossiers"])
def test_an_unknown_column_of_a_spreadsheet_is_kept(source: str) -> None:
    assert counts("la.xlsx", source) == (1, 1, 0)
    assert extra(source, 3)["Cột lạ"] == "Giá trị lạ"


def warehouse_text(word: str) -> list[str]:
    """Every row of every table of ours that has a word in it, as text."""
    names = select(
        "select format('%%I.%%I', schemaname, tablename) as name from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    return [
        row["text"]
        for name in names
        for row in select(
            f"select t::text as text from {name['name']} t where t::text ilike %s", f"%{word}%"
        )
    ]


def test_nothing_personal_stands_in_clear_anywhere_in_the_warehouse() -> None:
    assert warehouse_text(SECRET) == []


@pytest.mark.parametrize("title", PERSONAL_TITLES)
def test_a_personal_field_under_another_title_is_not_stored_in_clear_either(title: str) -> None:
    assert counts("tua_khac.csv") == (1, 1, 0)
    row = stored("dossiers", 300)
    assert row is not None
    assert private_of(title) not in json.dumps(row, default=str)


@pytest.mark.parametrize("source", PERSONAL)
def test_the_rows_with_personal_fields_are_taken_all_the_same(source: str) -> None:
    assert counts("rieng.jsonl", source) == (5, 1, 4)
    for ending in ("json", "csv", "xlsx"):
        assert counts(f"rieng.{ending}", source) == (2, 1, 1)
    for number in (100, 110, 120, 130):
        assert stored(source, number) is not None


@pytest.mark.parametrize("source", PERSONAL)
def test_of_a_line_that_cannot_be_read_only_its_place_is_kept(source: str) -> None:
    unreadable = [
        row
        for file_name in ("rieng.jsonl", "du_o.csv")
        for row in aside(file_name, source)
        if row["rule"] == "unreadable_line"
    ]
    assert [row["line"] for row in unreadable] == [3, 4, 5, 2]
    assert all(row["value"] is row["row_key"] is row["unit_code"] is None for row in unreadable)


def test_an_official_is_one_key_however_often_and_two_officials_are_two() -> None:
    for number, name in ((200, "Người Thứ Nhất"), (201, "Người Thứ Nhất"), (202, "Người Khác")):
        deliver("dossiers", f"{number}.json", [keyed("dossiers", number, NguoiXuLy=name)], NEXT)
    load_days(NEXT)

    keys = [(stored("dossiers", number) or {})["nguoixuly"] for number in (200, 201, 202)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0]
    assert "Người" not in keys[0]


def test_no_refusal_or_warning_says_a_personal_value() -> None:
    for source in PERSONAL:
        assert SECRET not in (load_of("rieng.jsonl", source)["warnings"] or "")
