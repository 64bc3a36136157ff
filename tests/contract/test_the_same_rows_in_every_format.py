"""Each format of the contract's table gives what the same rows give as JSON lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ..deliveries import Row, deliver, load_days
from . import tables
from .rows import KEYS, ROWS, content, counts, keyed, stored

Writer = Callable[[list[Row]], bytes]


def _lines(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _message(rows: list[Row]) -> bytes:
    message = {"service": "DongBoHoSoMC", "madonvi": "H24.999", "data": rows, "thêm": [1]}
    return json.dumps(message, ensure_ascii=False).encode()


def _csv(delimiter: str = ",", encoding: str = "utf-8") -> Writer:
    return lambda rows: tables.comma_separated(tables.plain(rows), delimiter, encoding)


def _titled(rows: list[Row]) -> bytes:
    return tables.comma_separated(tables.plain(rows, TITLES))


# A question of a survey has no field of its own that a title could stand for.
TITLES = {
    field: f"Cột của {field}"
    for row in ROWS.values()
    for field in row
    if not field.startswith("Cau")
}

# Format -> the file's ending and how it is written.
COMMON: dict[str, tuple[str, Writer]] = {
    "lines": ("jsonl", _lines),
    "comma": ("csv", _csv()),
    "workbook": ("xlsx", lambda rows: tables.xlsx(*tables.vendor_sheet(rows, TITLES))),
}
MORE: dict[str, tuple[str, Writer]] = {
    "message": ("json", _message),
    "indented message": (
        "json",
        lambda rows: json.dumps({"data": rows, "service": "x"}, indent=2).encode(),
    ),
    "array": ("json", lambda rows: json.dumps(rows, ensure_ascii=False).encode()),
    "message with a mark": ("json", lambda rows: b"\xef\xbb\xbf" + _message(rows)),
    "packed lines": ("jsonl.gz", lambda rows: gzip.compress(_lines(rows))),
    "lines without a last end": ("jsonl", lambda rows: _lines(rows).rstrip(b"\n")),
    "lines of Windows": ("jsonl", lambda rows: _lines(rows).replace(b"\n", b"\r\n")),
    "comma with a mark": ("csv", _csv(encoding="utf-8-sig")),
    "semicolon": ("csv", _csv(";")),
    "semicolon with a mark": ("csv", _csv(";", "utf-8-sig")),
    "tab": ("csv", _csv("\t")),
    "tab with a mark": ("csv", _csv("\t", "utf-8-sig")),
    "lines ended by LF": ("csv", lambda rows: _csv()(rows).replace(b"\r\n", b"\n")),
    "Vietnamese titles": ("csv", _titled),
    "packed": ("csv.gz", lambda rows: gzip.compress(_csv()(rows))),
    "packed semicolon with a mark": (
        "csv.gz",
        lambda rows: gzip.compress(_csv(";", "utf-8-sig")(rows)),
    ),
    "workbook of field names": ("xlsx", lambda rows: tables.xlsx(*tables.vendor_sheet(rows))),
    "workbook without titles above": (
        "xlsx",
        lambda rows: tables.xlsx(tables.vendor_sheet(rows, TITLES)[0][4:-1]),
    ),
}
# What is called .xls; not from every source, for a process reads each old workbook.
OLD: dict[str, tuple[str, Writer]] = {
    "web page": ("xls", lambda rows: tables.html_table(*tables.vendor_sheet(rows, TITLES))),
    "old workbook": ("xls", lambda rows: tables.xls(*tables.vendor_sheet(rows, TITLES))),
}
FORMATS = dict.fromkeys(ROWS, COMMON) | {
    "dossiers": COMMON | OLD | MORE,
    "national_counts": COMMON | OLD,
    "documents": COMMON | OLD,
    "surveys": COMMON | OLD,
}
CASES = [
    pytest.param(source, place, id=f"{source}-{name}")
    for source in ROWS
    for place, name in enumerate(FORMATS[source])
]


def file_name(source: str, place: int) -> str:
    ending = list(FORMATS[source].values())[place][0]
    return f"dot{place:02}.{ending}"


def two_rows(source: str, place: int) -> list[Row]:
    """One row in full and one in which all that may be empty is."""
    second = keyed(source, 2 * place + 2)
    needed = {*KEYS[source], "MaTTHC", "TrangThaiHoSo", "MaDonVi", "NgayGui"}
    bare = {field: value if field in needed else "" for field, value in second.items()}
    return [keyed(source, 2 * place + 1), bare]


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    (world / "aliases").mkdir()
    lines = [
        f"{source},{TITLES[field]},{field}"
        for source, row in ROWS.items()
        for field in row.keys() & TITLES.keys()
    ]
    (world / "aliases" / "cua_toi.csv").write_text("\n".join(["source,title,field", *lines]) + "\n")
    for source, formats in FORMATS.items():
        for place, (_, write) in enumerate(formats.values()):
            deliver(source, file_name(source, place), write(two_rows(source, place)))
    load_days()


@pytest.mark.parametrize(("source", "place"), CASES)
def test_a_format_gives_the_rows_that_json_lines_give(source: str, place: int) -> None:
    assert counts(file_name(source, place), source) == (2, 2, 0)
    for number in (1, 2):
        row = stored(source, 2 * place + number)
        assert row is not None
        assert content(row, source) == content(stored(source, number), source)


NAMES = {
    "dossiers": {"MaTTHC": "1.004227", "TenTTHC": "Đăng ký khai sinh", "MaXaChuHoSo": "10507"},
    "petitions": {"MaDonVi": "H24.999", "PhanLoai": "hanh_vi", "MaHoSo": "H24.999-261020-0001"},
    "ratings": {"MucDo": "rat_hai_long"},
    "surveys": {"MaDonVi": "H24.999", "DoiTuong": "cong_dan"},
    "procedures": {
        "TenTTHC": "Đăng ký khai sinh",
        "MaDonViCongBo": "H24",
        "TrangThai": "cong_khai",
    },
    "online_services": {"MaTTHC": "1.004227", "MucDo": "toan_trinh", "TrangThai": "kiem_thu"},
    "announcements": {"MaDonVi": "H24", "LoaiCongBo": "sua_doi", "MaTTHC": "1.004227"},
    "documents": {"MaDonVi": "H24.999"},
    "tasks": {
        "TenNhiemVu": "Số hóa hồ sơ còn lưu",
        "KeHoach": "12/KH-UBND",
        "TrangThai": "dang_lam",
    },
    "units": {"TenDonVi": "Phường Nhị Chiểu", "Cap": "xa", "MaDonViCha": "H24", "MaGSO": "10507"},
    "unit_procedures": {"MaTTHC": "1.004227"},
    "portal_scores": {"period": "2026", "unit_name": "Phường Nhị Chiểu", "metric": "DOSSIER_SYNC"},
}
COUNTS = {
    "petitions": {"LuotThich": "3", "LuotKhongThich": "0"},
    "procedures": {"ThoiHan": "0.5", "Phi": "0", "LePhi": "8000"},
    "national_counts": {"Nam": "2026", "Thang": "11", "SoHoSoTiepNhan": "57"},
    "tasks": {"TyLe": "40"},
    "portal_scores": {
        "numerator": "1943",
        "denominator": "2018",
        "ratio": "0.9628",
        "score": "5.78",
        "max_score": "6",
    },
}


@pytest.mark.parametrize(
    ("source", "field", "said"),
    [(source, field, said) for source, names in NAMES.items() for field, said in names.items()],
)
def test_a_name_or_code_is_stored_as_the_export_says_it(source: str, field: str, said: str) -> None:
    row = stored(source, 1)
    assert row is not None
    assert row[field.lower()] == said


@pytest.mark.parametrize(
    ("source", "field", "said"),
    [(source, field, said) for source, counts in COUNTS.items() for field, said in counts.items()],
)
def test_a_number_is_stored_as_the_export_says_it(source: str, field: str, said: str) -> None:
    row = stored(source, 1)
    assert row is not None
    assert Decimal(row[field.lower()]) == Decimal(said)


@pytest.mark.parametrize("place", range(len(FORMATS["surveys"])), ids=list(FORMATS["surveys"]))
def test_the_answers_of_a_survey_are_kept_as_whole_numbers(place: int) -> None:
    answered = json.dumps(stored("surveys", 2 * place + 1), default=str)
    assert '"Cau1": "5"' in answered
    assert '"Cau2": "1"' in answered


def test_lists_are_stored_with_what_they_hold() -> None:
    row = stored("dossiers", 1)
    assert row is not None
    assert row["dsketnoicsdl"] == [{"MaCSDL": "7"}]
    assert row["danhsachlephi"] == [{"TenPhiLePhi": "Lệ phí", "Gia": "8000"}]
    assert row["danhsachhosobosung"][0]["HoSoBoSungId"] == "1"
    assert row["tailieunop"][0]["DuocTaiSuDung"] == "2"
