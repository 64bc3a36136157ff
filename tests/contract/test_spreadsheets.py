"""Layouts of spreadsheets as provincial systems export them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ..deliveries import Row, deliver, load_days
from . import tables
from .rows import aside, counts, key, stored
from .tables import Formula, Grid, Merge

HEADER = ["STT", "Mã đơn vị", "Tên đơn vị", "Cấp đơn vị", "Mã thống kê", "Chứng thực"]
ALIASES = {
    "Mã đơn vị": "MaDonVi",
    "Tên đơn vị": "TenDonVi",
    "Cấp đơn vị": "Cap",
    "Mã thống kê": "MaGSO",
    "Chứng thực": "ChungThucBanSaoDienTu",
}
TITLE = ["DANH SÁCH ĐƠN VỊ", None, None, None, None, None]
NUMBERS = ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"]


def line(number: int, place: Any = 1) -> list[Any]:
    return [place, key("units", number), "Phường Nhị Chiểu", "xa", "10507", 1]


def total(label: Any = "Tổng cộng", *cells: Any) -> list[Any]:
    return [label, None, None, None, *(cells or (None, 2))]


Layout = tuple[Grid, list[Merge]]

# Layout -> what it looks like; each has two units, numbered from ``first``.
LAYOUTS: dict[str, Callable[[int], Layout]] = {
    "header in the first row": lambda n: ([HEADER, line(n), line(n + 1, 2)], []),
    "titles above": lambda n: (
        [TITLE, ["Đơn vị: phường Nhị Chiểu"], [], HEADER, line(n), line(n + 1, 2)],
        [(0, 0, 0, 5), (1, 0, 1, 5)],
    ),
    "many titles above": lambda n: (
        [*([[f"Dòng {place}"] for place in range(12)]), HEADER, line(n), line(n + 1, 2)],
        [],
    ),
    "numbers of the columns below": lambda n: ([HEADER, NUMBERS, line(n), line(n + 1, 2)], []),
    "total at the end": lambda n: (
        [HEADER, line(n), line(n + 1, 2), total()],
        [(3, 0, 3, 3)],
    ),
    "total beside STT": lambda n: (
        [HEADER, line(n), line(n + 1, 2), [None, "Tổng cộng", None, None, None, 2]],
        [(3, 1, 3, 4)],
    ),
    "total in capitals": lambda n: ([HEADER, line(n), line(n + 1, 2), total("TỔNG CỘNG")], []),
    "total with a colon": lambda n: ([HEADER, line(n), line(n + 1, 2), total("Tổng cộng:")], []),
    "total in decomposed letters": lambda n: (
        [HEADER, line(n), line(n + 1, 2), total("Tô\u0309ng cô\u0323ng")],
        [],
    ),
    "total as a formula": lambda n: (
        [HEADER, line(n), line(n + 1, 2), total("Tổng cộng", None, Formula("=SUM(A2:A3)", 3))],
        [],
    ),
    "total whose label is a formula": lambda n: (
        [HEADER, line(n), line(n + 1, 2), total(Formula('="Tổng"&" cộng"', "Tổng cộng"), None, 2)],
        [],
    ),
    "merged two-level header": lambda n: (
        [
            ["STT", "Đơn vị", None, None, "Mã thống kê", "Chứng thực"],
            [None, "Mã đơn vị", "Tên đơn vị", "Cấp đơn vị", None, None],
            line(n),
            line(n + 1, 2),
        ],
        [(0, 0, 1, 0), (0, 1, 0, 3), (0, 4, 1, 4), (0, 5, 1, 5)],
    ),
    "everything": lambda n: (
        [
            ["ỦY BAN NHÂN DÂN PHƯỜNG NHỊ CHIỂU"],
            [],
            ["STT", "Đơn vị", None, None, "Mã thống kê", "Chứng thực"],
            [None, "Mã đơn vị", "Tên đơn vị", "Cấp đơn vị", None, None],
            NUMBERS,
            line(n),
            line(n + 1, 2),
            total(),
        ],
        [(0, 0, 0, 5), (2, 0, 3, 0), (2, 1, 2, 3), (2, 4, 3, 4), (2, 5, 3, 5), (7, 0, 7, 3)],
    ),
    "columns in another order": lambda n: (
        [[each[place] for place in (0, 5, 3, 1, 4, 2)] for each in (HEADER, line(n), line(n + 1))],
        [],
    ),
    "an unknown column": lambda n: (
        [[*HEADER, "Cột lạ"], [*line(n), "x"], [*line(n + 1, 2), "y"]],
        [],
    ),
    "blank rows at the end": lambda n: ([HEADER, line(n), line(n + 1, 2), [], [""], []], []),
    "titles in decomposed letters": lambda n: (
        [
            ["STT", "Ma\u0303 đơn vi\u0323", "Tên đơn vi\u0323", *HEADER[3:]],
            line(n),
            line(n + 1, 2),
        ],
        [],
    ),
    "blanks around titles and values": lambda n: (
        [
            [" STT ", " Mã đơn vị ", *HEADER[2:]],
            line(n),
            [2, f"  {key('units', n + 1)} ", *line(n + 1)[2:]],
        ],
        [],
    ),
    "a column to the left": lambda n: (
        [[None, *each] for each in (TITLE, HEADER, NUMBERS, line(n), line(n + 1, 2), total())],
        [(0, 1, 0, 6), (5, 1, 5, 4)],
    ),
    "STT in a sentence above": lambda n: (
        [
            ["Xếp theo STT"],
            ["STT: theo ngày nhận", None, "Mã đơn vị"],
            HEADER,
            line(n),
            line(n + 1),
        ],
        [],
    ),
    "cells missing at the end of a row": lambda n: (
        [[*HEADER, "Ghi chú thêm"], line(n), [*line(n + 1, 2), "x"]],
        [],
    ),
    "STT as text": lambda n: ([HEADER, line(n, "1"), line(n + 1, "2")], []),
}
WRITERS = {"xlsx": tables.xlsx, "xls": tables.xls, "html": tables.html_table}
# Workbooks of Excel 97 are read by a process each: only what they could do differently. (The tool
# that writes them here gives formulas no results, so the label of a total is none there.)
OF_XLS = ("titles above", "total as a formula", "merged two-level header", "everything")
CASES = [
    (layout, kind) for layout in LAYOUTS for kind in WRITERS if kind != "xls" or layout in OF_XLS
]


def file_name(place: int) -> str:
    return f"bang{place:02}.{'xlsx' if CASES[place][1] == 'xlsx' else 'xls'}"


def first(place: int) -> int:
    return 10 + 10 * place


ODD = 5000
ODD_HEADER = [
    *("STT", "MaHoSo", "MaTTHC", "TenTTHC", "TrangThaiHoSo", "NgayTiepNhan"),
    *("DanhSachLePhi", "TaiLieuNop"),
]
CODE = "1.004227"
ODD_ROWS: list[list[Any]] = [
    # typed cells of fields that are text; lists as JSON; formulas with the result they had
    [1, key("dossiers", ODD), 2.5, 123, 4, "20/11/2026", '[{"Gia": "8000"}]', "[]"],
    [2, key("dossiers", ODD + 1), CODE, "x", "09", "20/11/2026", "", '[{"DuocSoHoa": 1}]'],
    [
        3,
        Formula('="H24.999-261120-"&"5002"', key("dossiers", ODD + 2)),
        CODE,
        Formula('="Tên"&"!"', "Tên!"),
        Formula("=2+2", 4),
        Formula("=DATE(2026,11,20)", 46346),
        None,
        None,
    ],
    [4, key("dossiers", ODD + 3), CODE, "x", 4.0, "20/11/2026", "không phải JSON", ""],
    [5, key("dossiers", ODD + 4), CODE, "Mưa\nnắng", 4, "20/11/2026", "", ""],
    [6, key("dossiers", ODD + 5), CODE, "=1+1 & <b>", 4, "20/11/2026", "", ""],
    [7, key("dossiers", ODD + 6), CODE, "x", 77, "20/11/2026", "", ""],
]


# A page as people's own programs write it: capitals, th, non-breaking blanks, entities.
HTML = f"""<HTML><HEAD><META CHARSET="utf-8"></HEAD><BODY><H1>DANH SÁCH</H1>
<TABLE><TR><TH>STT</TH><TH>Mã<BR>đơn vị</TH><TH>T&ecirc;n &#273;&#417;n v&#7883;</TH>
<TH>Cấp đơn vị</TH><TH>Mã thống kê</TH></TR>
<TR><TD>1</TD><TD>{key("units", 7020)}</TD><TD>A &amp; B</TD><TD>&nbsp;xa&nbsp;</TD><TD>&nbsp;</TD>
</TR></TABLE></BODY></HTML>"""
SHEET = "xl/worksheets/sheet1.xml"


def widened(sheet: bytes) -> bytes:
    """A sheet that says it is as large as one can be."""
    return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet)


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    (world / "aliases").mkdir()
    (world / "aliases" / "phuong.csv").write_text(
        "source,title,field\n"
        + "".join(f"units,{title},{field}\n" for title, field in ALIASES.items())
    )
    for place, (layout, kind) in enumerate(CASES):
        grid, merges = LAYOUTS[layout](first(place))
        deliver("units", file_name(place), WRITERS[kind](grid, merges))
    grid = [TITLE, ODD_HEADER, *ODD_ROWS]
    deliver("dossiers", "le.xlsx", tables.xlsx(grid))
    time = datetime(2026, 11, 20, 8, 30)
    for number, ending, write in ((6001, "xlsx", tables.xlsx), (6002, "xls", tables.xls)):
        row = [1, key("dossiers", number), CODE, "x", 4, time]
        deliver("dossiers", f"tu_1904.{ending}", write([ODD_HEADER, row], from_1904=True))
    words = [
        HEADER,
        [1, key("units", 7001), "Tổng cộng mười thôn", "xa", "1", 1],
        [2, key("units", 7002), "(2)", "xa", 123456789012345, 1],
        [3, key("units", 7003), "Tổng cộng", "xa", "1", 1],
        total(),
    ]
    deliver("units", "chu.xlsx", tables.xlsx(words))
    deliver("units", "trong_o.xlsx", tables.xlsx([HEADER, line(7010), total()], inline=True))
    deliver("units", "th.xls", HTML.encode())
    deliver(
        "units",
        "rong_lam.xlsx",
        tables.with_part(tables.xlsx([HEADER, line(7030)]), SHEET, widened),
    )
    units = [
        ["STT", "MaDonVi", "TenDonVi", "Cap", "MaGSO", "ChungThucBanSaoDienTu"],
        [1, "H24.90001", "A", "xa", 10507, 1],
        [2, "H24.90002", "B", "xa", "00507", True],
    ]
    deliver("units", "don_vi.xlsx", tables.xlsx(units))
    load_days()


@pytest.mark.parametrize(
    "place",
    [pytest.param(place, id=f"{layout} {kind}") for place, (layout, kind) in enumerate(CASES)],
)
def test_a_layout_gives_its_two_rows_and_no_more(place: int) -> None:
    assert counts(file_name(place)) == (2, 2, 0)
    for number in (first(place), first(place) + 1):
        row = stored("units", number)
        assert row is not None
        assert (row["tendonvi"], row["cap"]) == ("Phường Nhị Chiểu", "xa")
        assert (row["magso"], row["chungthucbansaodientu"]) == ("10507", 1)


def odd(place: int) -> Row:
    row = stored("dossiers", ODD + place)
    assert row is not None
    return row


def test_a_list_stands_as_json_in_one_cell() -> None:
    assert odd(0)["danhsachlephi"] == [{"Gia": "8000"}]
    assert odd(1)["tailieunop"] == [{"DuocSoHoa": "1"}]


def test_a_number_in_a_text_or_code_field_is_what_the_cell_shows() -> None:
    assert odd(0)["matthc"] == "2.5"
    assert odd(0)["tentthc"] == "123"
    assert odd(1)["trangthaihoso"] == 9


def test_a_formula_is_the_value_that_it_last_had() -> None:
    row = odd(2)
    assert (row["tentthc"], row["trangthaihoso"]) == ("Tên!", 4)
    assert f"{row['ngaytiepnhan']:%Y%m%d}" == "20261120"


def test_a_text_is_kept_as_it_is_with_its_line_breaks_and_signs() -> None:
    assert odd(4)["tentthc"] == "Mưa\nnắng"
    assert odd(5)["tentthc"] == "=1+1 & <b>"


def test_a_row_of_a_spreadsheet_is_set_aside_with_its_line_in_the_sheet() -> None:
    assert counts("le.xlsx") == (7, 5, 2)
    unreadable, unknown = aside("le.xlsx")
    assert (unreadable["rule"], unreadable["line"]) == ("unreadable_line", 6)
    assert (unknown["rule"], unknown["line"]) == ("unknown_status", 9)
    assert (unknown["field"], unknown["value"]) == ("TrangThaiHoSo", "77")


@pytest.mark.parametrize(("number", "gso"), [(90001, "10507"), (90002, "00507")])
def test_a_code_keeps_its_zeros_and_gets_no_point(number: int, gso: str) -> None:
    row = stored("units", number)
    assert row is not None
    assert row["magso"] == gso


@pytest.mark.parametrize("number", [6001, 6002])
def test_typed_days_of_a_book_that_counts_from_1904_are_the_same_days(number: int) -> None:
    row = stored("dossiers", number)
    assert row is not None
    assert row["ngaytiepnhan"] == datetime(2026, 11, 20, 8, 30)


@pytest.mark.parametrize(
    ("number", "said"), [(7001, "Tổng cộng mười thôn"), (7002, "(2)"), (7003, "Tổng cộng")]
)
def test_a_row_with_a_running_number_is_no_total_whatever_it_is_called(
    number: int, said: str
) -> None:
    assert counts("chu.xlsx") == (3, 3, 0)
    assert (stored("units", number) or {})["tendonvi"] == said


def test_a_long_number_in_a_text_field_keeps_its_digits() -> None:
    assert (stored("units", 7002) or {})["magso"] == "123456789012345"


def test_texts_may_stand_in_the_cells_themselves() -> None:
    assert counts("trong_o.xlsx") == (1, 1, 0)
    assert (stored("units", 7010) or {})["tendonvi"] == "Phường Nhị Chiểu"


def test_a_page_of_capitals_entities_and_header_cells_is_a_table_too() -> None:
    assert counts("th.xls") == (1, 1, 0)
    row = stored("units", 7020)
    assert row is not None
    assert (row["tendonvi"], row["cap"], row["magso"]) == ("A & B", "xa", None)


def test_a_sheet_that_says_it_is_huge_is_read_as_large_as_it_is() -> None:
    assert counts("rong_lam.xlsx") == (1, 1, 0)
    assert stored("units", 7030) is not None
