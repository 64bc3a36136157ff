"""How spreadsheets are read: where the table is, what is a row, what a cell says."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from chiso766.readers import reading
from chiso766.readers.export import Export, Line, Refused
from chiso766.sources import SOURCES, Source

from .workbooks import Rows, archive, html, raw_row, raw_xlsx, xls, xlsx

UNITS = SOURCES["units"]
DOSSIERS = SOURCES["dossiers"]
COUNTS = SOURCES["national_counts"]

HEADER = ["STT", "Mã đơn vị", "Tên đơn vị", "Cấp"]

# Where the table is and what is a row is the same for real .xls, which is slow to start.
WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "a.xlsx": lambda rows: xlsx({"Trang 1": rows}),
    "html.xls": html,
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))


class Files:
    """Writes bytes under a name and reads them as an export."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "landed"

    def read(self, name: str, content: bytes, source: Source = UNITS) -> list[Line]:
        return self.read_all(name, content, source)[1]

    def read_all(
        self, name: str, content: bytes, source: Source = UNITS
    ) -> tuple[Export, list[Line]]:
        self._path.write_bytes(content)
        with reading(self._path, name, source) as export:
            return export, list(export.lines)

    def cell(self, name: str, content: bytes, source: Source) -> Any:
        """The last field of the only row."""
        [(_, row)] = self.read(name, content, source)
        assert row is not None
        return [*row.values()][-1]

    def refusal(self, name: str, content: bytes, source: Source = UNITS) -> str:
        with pytest.raises(Refused) as refused:
            self.read(name, content, source)
        return str(refused.value)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture(params=WRITERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def codes(lines: list[Line]) -> list[tuple[int, Any]]:
    return [(line, row and row.get("MaDonVi")) for line, row in lines]


# --- the header -----------------------------------------------------------------------------


def test_a_table_below_titles_is_read_at_the_rows_of_its_sheet(files: Files, kind: str) -> None:
    rows = [
        ["ỦY BAN NHÂN DÂN", None, "CỘNG HÒA"],
        [None],
        ["DANH SÁCH ĐƠN VỊ"],
        HEADER,
        ["1", "H24.1", "Phường 1", "xa"],
        ["2", "H24.2", None, "xa"],
    ]

    export, lines = files.read_all(kind, WRITERS[kind](rows))

    assert lines == [
        (5, {"MaDonVi": "H24.1", "TenDonVi": "Phường 1", "Cap": "xa"}),
        (6, {"MaDonVi": "H24.2", "Cap": "xa"}),
    ]
    assert export.columns == {"MaDonVi", "TenDonVi", "Cap"}
    assert export.form.endswith("dòng tiêu đề 4")


def test_titles_below_merged_ones_are_known_by_both_or_by_themselves(
    files: Files, kind: str
) -> None:
    rows = [
        ["STT", "Mã hồ sơ", "Ngày", None, "Trạng thái", "Nội bộ", None],
        [None, None, "tiếp nhận", "hẹn trả", None, "Ngày trả", "mới"],
        [1, "H24.1-261120-0001", "20/11/2026", "25/11/2026", "4", "26/11/2026", "a"],
    ]

    export, lines = files.read_all(kind, WRITERS[kind](rows), DOSSIERS)

    assert export.form.endswith("dòng tiêu đề 1–2")
    assert lines == [
        (
            3,
            {
                "MaHoSo": "H24.1-261120-0001",
                "NgayTiepNhan": "20/11/2026",
                "NgayHenTra": "25/11/2026",
                "TrangThaiHoSo": "4",
                "NgayTra": "26/11/2026",
                "Nội bộ mới": "a",
            },
        )
    ]


def test_a_merged_title_over_a_single_column_is_known_by_itself_too(
    files: Files, kind: str
) -> None:
    rows = [
        ["STT", "Mã đơn vị", "Tên đơn vị", "Khác", None],
        [None, None, "(đầy đủ)", "a", "b"],
        [1, "H24", "x", "y", "z"],
    ]

    [(_, row)] = files.read(kind, WRITERS[kind](rows))

    assert row == {"MaDonVi": "H24", "TenDonVi": "x", "Khác a": "y", "Khác b": "z"}


def test_the_key_may_stand_in_the_second_row_of_titles(files: Files, kind: str) -> None:
    rows = [["STT", "Đơn vị", None], [None, "Mã đơn vị", "Tên đơn vị"], [1, "H24", "x"]]

    assert files.read(kind, WRITERS[kind](rows)) == [(3, {"MaDonVi": "H24", "TenDonVi": "x"})]


@pytest.mark.parametrize(
    "first",
    [
        [1, None, "x", "xa", "lạ"],
        [None, "H24", "x", "xa", "lạ"],
    ],
)
def test_the_first_row_is_not_taken_for_titles(files: Files, first: list[Any], kind: str) -> None:
    rows = [[*HEADER, None], first, [2, "H25", "y", "xa", None]]

    assert [line for line, _ in files.read(kind, WRITERS[kind](rows))] == [2, 3]


@pytest.mark.parametrize(
    "numbers",
    [
        ["(1)", "(2)", "(3)", "(4)"],
        [1, 2, 3, 4],
        [-1, -2, -3, -4],
        ["A", "B", "1", "2 = 1 + 3"],
        ["(1)", "(2)", "(3)", "(4)=(2)+(3)"],
    ],
)
def test_column_numbers_below_the_header_are_no_row(
    files: Files, numbers: list[Any], kind: str
) -> None:
    rows = [HEADER, numbers, [1, "H24", "x", "xa"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(3, "H24")]


def test_numbers_that_do_not_count_the_columns_are_a_row(files: Files, kind: str) -> None:
    rows = [HEADER, [1, 2, 4, 3]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "2")]


def test_without_stt_a_row_with_a_key_and_another_field_is_the_header(
    files: Files, kind: str
) -> None:
    rows = [["Danh sách: mã đơn vị"], ["Mã đơn vị", "Lạ"], ["Cấp", "MaDonVi"], ["xa", "H24"]]

    assert files.read(kind, WRITERS[kind](rows)) == [(4, {"Cap": "xa", "MaDonVi": "H24"})]


def test_a_summary_with_stt_above_the_table_is_not_the_header(files: Files, kind: str) -> None:
    rows = [["STT", "Nội dung", "Số lượng"], [1, "Phường", 5], HEADER, [1, "H24", "x", "xa"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(4, "H24")]


def test_a_sheet_without_a_header_is_refused_without_naming_its_values(
    files: Files, kind: str
) -> None:
    rows = [["Trần Thị B", "0912345678"], ["STT", "Tên đơn vị", "Cấp"], [1, "Nguyễn Văn A", "xa"]]

    sentence = files.refusal(kind, WRITERS[kind](rows))

    assert "chỉ nhận ra TenDonVi, Cap" in sentence
    assert "MaDonVi" in sentence
    assert not any(value in sentence for value in ("Trần", "0912345678", "Nguyễn"))


def test_a_lone_key_without_stt_is_refused_with_advice(files: Files, kind: str) -> None:
    assert "cột STT" in files.refusal(kind, WRITERS[kind]([["Mã đơn vị", "Lạ"], ["H24", "x"]]))


# --- the rows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "total",
    [
        ["Tổng cộng", None, 5, 6],
        [None, "TỔNG SỐ: 2", None, 7],
        ["Cộng", 2, 3, 4],
        ["Tổng", None, None, None],
        ["Tổng số hồ sơ: 12", None, None, None],
    ],
)
def test_totals_and_what_stands_below_them_are_no_rows(
    files: Files, total: list[Any], kind: str
) -> None:
    rows = [
        HEADER,
        [1, "H24", "Tổng cục Thuế", "xa"],
        total,
        [None],
        ["Người lập", None, "Kế toán", "Thủ trưởng"],
        ["ký tên"],
    ]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "H24")]


def test_a_row_below_a_total_is_a_row(files: Files, kind: str) -> None:
    rows = [HEADER, [1, "H24", "x", "xa"], ["Cộng", 1], [2, "H25", "y", "xa"], [3, None, "z"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "H24"), (4, "H25"), (5, None)]


@pytest.mark.parametrize("name", ["Tổng công ty Điện lực", "Cộng đồng", "Tổng cục"])
def test_a_name_that_begins_like_a_total_is_a_row(files: Files, name: str, kind: str) -> None:
    rows = [["Tên đơn vị", "Mã đơn vị"], [name, "H24"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "H24")]


@pytest.mark.parametrize(
    "heading", [["Lĩnh vực đất đai"], [None, "Lĩnh vực đất đai"], ["II", "Lĩnh vực đất đai"]]
)
def test_headings_of_groups_are_no_rows(files: Files, heading: list[Any], kind: str) -> None:
    rows = [HEADER, heading, [1, "H24", "x", "xa"], heading, [2, "H25", "x", "xa"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(3, "H24"), (5, "H25")]


def test_a_header_that_comes_again_on_a_page_is_no_row(files: Files, kind: str) -> None:
    rows = [HEADER, [1, "H24", "x", "xa"], HEADER, [2, "H25", "x", "xa"]]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "H24"), (4, "H25")]


@pytest.mark.parametrize(
    "row",
    [
        [1],
        [1, None, "x"],
        ["1", None, None, "xa"],
        [None, None, "x", "xa", "lạ"],
        [None, "H24", "x"],
        ["I", "H24", "x"],
    ],
)
def test_a_row_that_lacks_something_is_still_a_row(files: Files, row: list[Any], kind: str) -> None:
    rows = [[*HEADER, "Lạ"], row]

    assert [line for line, _ in files.read(kind, WRITERS[kind](rows))] == [2]


def test_a_header_alone_is_no_rows(files: Files, kind: str) -> None:
    assert files.read(kind, WRITERS[kind]([HEADER])) == []


# --- several sheets -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "write"), [("a.xlsx", xlsx), ("a.xls", xls)])
def test_every_sheet_with_a_header_is_read_and_each_line_is_its_own(
    files: Files, name: str, write: Callable[..., bytes]
) -> None:
    sheets = {
        "Hướng dẫn": [["Mã đơn vị", "do tỉnh cấp"], ["STT", "Cột", "Ý nghĩa"], [1, "Cấp", "x"]],
        "Trang A": [HEADER, [1, "H24", "x", "xa"]],
        "Trống": [],
        "Trang B": [["Tiếp theo"], HEADER, [2, "H25", "y", "xa"]],
    }

    export, lines = files.read_all(name, write(sheets))

    assert codes(lines) == [(2, "H24"), (10_000_003, "H25")]
    assert 'trang tính "Trang A"' in export.form


@pytest.mark.parametrize(("name", "write"), [("a.xlsx", xlsx), ("a.xls", xls)])
def test_hidden_sheets_are_not_read(files: Files, name: str, write: Callable[..., bytes]) -> None:
    sheets = {"Cũ": [HEADER, [1, "H1", "x", "xa"]], "Mới": [HEADER, [1, "H2", "x", "xa"]]}

    assert codes(files.read(name, write(sheets, hidden=["Cũ"]))) == [(2, "H2")]


def test_sheets_with_other_columns_are_refused_by_name(files: Files) -> None:
    sheets = {
        "Trang A": [HEADER, [1, "H24", "x", "xa"]],
        "Trang B": [["STT", "Mã đơn vị"], [1, "H25"]],
    }

    sentence = files.refusal("a.xlsx", xlsx(sheets))

    assert '"Trang B"' in sentence
    assert '"Trang A"' in sentence


def test_a_full_sheet_that_goes_on_without_a_header_is_refused(files: Files) -> None:
    relations = (
        b'<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
        b'<Relationship Id="r2" Type="x/worksheet" Target="b.xml"/></Relationships>'
    )
    sheets = (
        b'<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r1"/><sheet name="B" r:id="r2"/>'
        b"</sheets></workbook>"
    )
    going_on = f"<worksheet><sheetData>{raw_row(1, '2', 'H25', 'y', 'xa')}</sheetData></worksheet>"
    content = raw_xlsx(
        raw_row(1, *HEADER) + raw_row(1_048_576, "1", "H24", "x", "xa"),
        more={
            "xl/_rels/workbook.xml.rels": relations,
            "xl/workbook.xml": sheets,
            "xl/b.xml": going_on.encode(),
        },
    )

    assert 'trang tính "B"' in files.refusal("a.xlsx", content)


def test_an_xls_of_more_rows_goes_on_with_the_same_header(files: Files) -> None:
    sheets = {
        f"Trang {part}": [HEADER, *([n, f"H{part}.{n}", "x", "xa"] for n in range(1, 700))]
        for part in range(3)
    }

    lines = files.read("a.xls", xls(sheets))

    assert len({line for line, _ in lines}) == len(lines) == 3 * 699
    assert lines == sorted(lines, key=lambda line: line[0])


# --- cells ----------------------------------------------------------------------------------


NUMBERS = [
    (123.0, "123"),
    (0.5, "0.5"),
    (0.1 + 0.2, "0.3"),
    (1e14, "100000000000000"),
    (1.5e-7, "0.00000015"),
    (-3, "-3"),
    ("1.234", "1234"),
    ("1.234,5", "1234.5"),
    ("12.345.678", "12345678"),
    ("0,5", "0,5"),
    ("1.23", "1.23"),
    ("0.500", "0.500"),
    ("1234.567", "1234.567"),
    ("1,234.5", "1,234.5"),
    (True, "1"),
    (False, "0"),
]


@pytest.mark.parametrize(("cell", "text"), NUMBERS)
def test_numbers_are_plain_or_in_vietnamese_style(files: Files, cell: Any, text: str) -> None:
    rows = [["STT", "MaDonVi", "SoHoSoTiepNhan"], [1, "H24", cell]]

    assert files.cell("a.xlsx", xlsx({"x": rows}), COUNTS) == text


TEXTS = [("1.004", "1.004"), (1.004227, "1.004227"), (True, "true"), (7.0, "7")]


@pytest.mark.parametrize(("cell", "text"), TEXTS)
def test_texts_stay_as_they_are(files: Files, cell: Any, text: str) -> None:
    rows = [["STT", "MaDonVi", "TenDonVi"], [1, "H24", cell]]

    assert files.cell("a.xlsx", xlsx({"x": rows}), UNITS) == text


TIMES = [
    (datetime(2026, 11, 20, 8, 30, 1), "2026-11-20 08:30:01"),
    (date(2026, 11, 20), "2026-11-20"),
    (45985, "2025-11-24"),
    (45985.354166666664, "2025-11-24 08:30:00"),
    (45985.99999999, "2025-11-25"),
    ("45985", "2025-11-24"),
    ("45985,5", "2025-11-24 12:00:00"),
    ("45985.5", "2025-11-24 12:00:00"),
    (20261120, "20261120"),
    (20261120083000, "20261120083000"),
    ("20/11/2026 08:30", "20/11/2026 08:30"),
    (7, "7"),
    (-45985, "-45985"),
]


@pytest.mark.parametrize(("cell", "text"), TIMES)
def test_times_are_dates_serials_or_texts(files: Files, cell: Any, text: str) -> None:
    rows = [["STT", "MaHoSo", "NgayHenTra"], [1, "H24-261120-1", cell]]

    assert files.cell("a.xlsx", xlsx({"x": rows}), DOSSIERS) == text


def test_cells_of_xls_are_read_as_those_of_xlsx(files: Files) -> None:
    header = ["STT", "MaDonVi", "TenDonVi", "Nam"]
    cells = [
        *((cell, 2, text) for cell, text in TEXTS),
        *((cell, 3, text) for cell, text in NUMBERS),
    ]
    rows: list[list[Any]] = [
        [number, "H24", *([None] * (column - 2)), cell]
        for number, (cell, column, _) in enumerate(cells)
    ]
    times = [["STT", "MaHoSo", "NgayTra"], *([1, "H24-261120-1", cell] for cell, _ in TIMES)]

    lines = files.read("a.xls", xls({"x": [header, *rows]}), COUNTS)
    days = files.read("a.xls", xls({"x": times}), DOSSIERS)

    assert [[*row.values()][-1] for _, row in lines if row] == [text for *_, text in cells]
    assert [row["NgayTra"] for _, row in days if row] == [text for _, text in TIMES]


@pytest.mark.parametrize(("flag", "day"), [("0", "2025-11-24"), ("1", "2029-11-25")])
@pytest.mark.parametrize("style", ["0", "1"])
def test_serials_count_from_the_day_that_the_workbook_says(
    files: Files, flag: str, day: str, style: str
) -> None:
    content = raw_xlsx(
        raw_row(1, "STT", "MaHoSo", "NgayTra")
        + f'<row><c><v>1</v></c><c t="str"><v>H24-261120-1</v></c><c s="{style}"><v>45985</v></c>'
        "</row>",
        styles='<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
        book=f'<workbookPr date1904="{flag}"/>',
    )

    assert files.cell("a.xlsx", content, DOSSIERS) == day


def test_the_1904_system_of_xls_is_known(files: Files) -> None:
    rows = [["STT", "MaHoSo", "NgayTra"], [1, "H24-261120-1", 45985]]

    assert files.cell("a.xls", xls({"x": rows}, is_1904=True), DOSSIERS) == "2029-11-25"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("dd/mm/yyyy", "2025-11-24 12:00:00"),
        ("[$-42A]d mmmm yyyy", "2025-11-24 12:00:00"),
        ('0.00" đồng mỗi ngày"', "45985.5"),
        ("[Red]#,##0", "45985.5"),
        ("[h]:mm:ss", "45985.5"),
        ("General", "45985.5"),
        ("#,##0_d", "45985.5"),
    ],
)
def test_the_format_of_a_cell_tells_dates_from_numbers(files: Files, code: str, text: str) -> None:
    content = raw_xlsx(
        raw_row(1, "STT", "MaDonVi", "Ngày lập")
        + '<row><c><v>1</v></c><c t="str"><v>H24</v></c><c s="1"><v>45985.5</v></c></row>',
        styles=f"<numFmts><numFmt numFmtId=\"164\" formatCode='{code.replace(chr(34), '&quot;')}'/>"
        '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>',
    )

    assert files.cell("a.xlsx", content, UNITS) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c t="s"><v>0</v></c>', "Phường 1"),
        ('<c t="s"><v>1</v></c>', "hai\ndòng_x"),
        ('<c t="inlineStr"><is><r><t>Phường</t></r><r><t> 2</t></r></is></c>', "Phường 2"),
        ('<c t="str"><f>A1&amp;B1</f><v>ghép</v></c>', "ghép"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c t="b"><v>1</v></c>', "true"),
        ('<c t="d"><v>2026-11-20T08:30:00</v></c>', "2026-11-20T08:30:00"),
        ("<c><v>1E+2</v></c>", "100"),
        ("<c><v>123456789012345678</v></c>", "123456789012346000"),
    ],
)
def test_cells_say_what_excel_shows(files: Files, cell: str, text: str) -> None:
    content = raw_xlsx(
        raw_row(1, "STT", "MaDonVi", "TenDonVi")
        + f'<row><c><v>1</v></c><c t="str"><v>H24</v></c>{cell}</row>',
        strings=[
            '<r><t>Phường</t></r><rPh sb="0" eb="1"><t>phuong</t></rPh><r><t xml:space="preserve">'
            " 1</t></r>",
            "<t>hai_x000A_dòng_x005F_x</t>",
        ],
    )

    assert files.cell("a.xlsx", content, UNITS) == text


def test_a_formula_that_was_never_computed_makes_its_row_unreadable(files: Files) -> None:
    name = '<c r="C{0}"><f>B{0}</f></c>'
    stt = '<c r="A{0}"><f>ROW()</f></c>'
    content = raw_xlsx(
        raw_row(1, *HEADER)
        + f'<row r="2"><c><v>1</v></c><c t="str"><v>H24</v></c>{name.format(2)}</row>'
        f'<row r="3">{stt.format(3)}<c t="str"><v>H25</v></c></row>'
        f'<row r="4"><c t="str"><v>Tổng cộng</v></c>{name.format(4)}</row>'
    )

    assert files.read("a.xlsx", content) == [(2, None), (3, {"MaDonVi": "H25"})]


def test_a_formula_that_gave_an_empty_text_is_an_empty_cell(files: Files) -> None:
    content = raw_xlsx(
        raw_row(1, *HEADER)
        + '<row><c><v>1</v></c><c t="str"><v>H24</v></c><c t="str"><f>x</f><v></v></c></row>'
    )

    assert files.read("a.xlsx", content) == [(2, {"MaDonVi": "H24"})]


def test_lists_stand_as_json_in_one_cell(files: Files, kind: str) -> None:
    rows = [["STT", "MaHoSo", "DSKetNoiCSDL"], [1, "H24-261120-1", '[{"MaCSDL": "7"}]']]

    assert files.cell(kind, WRITERS[kind](rows), DOSSIERS) == '[{"MaCSDL": "7"}]'


def test_cells_and_rows_without_references_follow_each_other(files: Files) -> None:
    content = raw_xlsx(
        raw_row(3, *HEADER)
        + '<row><c t="str"><v>1</v></c><c t="str"><v>H24</v></c></row>'
        + '<row r="9"><c r="B9" t="str"><v>H25</v></c><c t="str"><v>x</v></c></row>'
    )

    assert codes(files.read("a.xlsx", content)) == [(4, "H24"), (9, "H25")]


def test_prefixed_elements_and_absolute_paths_are_read(files: Files) -> None:
    sheet = (
        '<x:worksheet xmlns:x="m"><x:dimension ref="A1:XFD1048576"/><x:sheetData><x:row>'
        + "".join(f'<x:c t="str"><x:v>{title}</x:v></x:c>' for title in HEADER)
        + '</x:row><x:row><x:c><x:v>1</x:v></x:c><x:c t="str"><x:v>H24</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    relations = '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="/XL/a.xml"/>'
    content = raw_xlsx(
        "",
        more={
            "xl/_rels/workbook.xml.rels": f"{relations}</Relationships>".encode(),
            "xl/workbook.xml": b'<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r1"/>'
            b"</sheets></workbook>",
            "xl\\a.xml": sheet.encode(),
        },
    )

    assert codes(files.read("a.xlsx", content)) == [(2, "H24")]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_text_in_old_fonts_becomes_unicode(files: Files, name: str) -> None:
    rows = [
        ["Danh s¸ch ®¬n vÞ"],
        ["STT", "M· ®¬n vÞ", "Tªn ®¬n vÞ"],
        *([n, f"H24.{n}", "Ph­êng H¶i Phßng tiÕp nhËn hå s¬"] for n in range(1, 9)),
    ]
    content = {"a.xlsx": xlsx, "a.xls": xls}[name]({"x": rows})

    lines = files.read(name, content)

    assert lines[0] == (3, {"MaDonVi": "H24.1", "TenDonVi": "Phường Hải Phòng tiếp nhận hồ sơ"})


# --- HTML -----------------------------------------------------------------------------------


def table(inside: str) -> bytes:
    titles = "".join(f"<th>{title}</th>" for title in HEADER)
    return f"<html><table><tr>{titles}</tr>{inside}</table></html>".encode()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<td>a &amp; b &#7891; &agrave;</td>", "a & b ồ à"),
        ("<td><b>Phường</b>\n   <i>1</i></td>", "Phường 1"),
        ("<td>một<br>hai<br/>ba</td>", "một\nhai\nba"),
        ("<td>&nbsp;x&nbsp;</td>", "x"),
        ("<td><style>td {}</style><script>alert(1)</script>x<!-- y --></td>", "x"),
        ("<td>x<table><tr><td>y</td></tr></table></td>", "xy"),
        ("<td>=cmd|' /C calc'!A0</td>", "=cmd|' /C calc'!A0"),
    ],
)
def test_cells_of_html_are_their_text(files: Files, cell: str, text: str) -> None:
    rows = f"<tr><td>1<td>H0<td>đầu<td>xa<tr><td>2<td>H24{cell}"

    assert files.read("a.xls", table(rows))[1] == (3, {"MaDonVi": "H24", "TenDonVi": text})


def test_merged_cells_of_html_stand_in_their_first_place(files: Files) -> None:
    content = """<table><tr><th rowspan=2>STT</th><th rowspan="2">Mã hồ sơ</th>
        <th colspan=2>Ngày</th><th rowspan=2>Trạng thái</th></tr>
        <tr><th>tiếp nhận</th><th>hẹn trả</th></tr>
        <tr><td colspan=5>Lĩnh vực đất đai</td></tr>
        <tr><td>1</td><td>H24-261120-1</td><td rowspan=2>a</td><td>b</td><td>4</td></tr>
        <tr><td>2</td><td>H24-261120-2</td><td>c</td><td>5</td></tr>
        <tr></tr>
        <tr><td rowspan=2>3</td><td rowspan=2>H24-261120-3</td><tr>
        <tr><td>4</td><td>H24-261120-4</td></tr></table>"""

    assert files.read("a.xls", content.encode(), DOSSIERS) == [
        (
            4,
            {
                "MaHoSo": "H24-261120-1",
                "NgayTiepNhan": "a",
                "NgayHenTra": "b",
                "TrangThaiHoSo": "4",
            },
        ),
        (5, {"MaHoSo": "H24-261120-2", "NgayHenTra": "c", "TrangThaiHoSo": "5"}),
        (7, {"MaHoSo": "H24-261120-3"}),
        (9, {"MaHoSo": "H24-261120-4"}),
    ]


def test_a_table_that_arranges_the_page_is_not_the_table(files: Files) -> None:
    inner = table("<tr><td>1</td><td>H24</td></tr>").decode()
    page = f"<table><tr><td>Cổng</td></tr><tr><td>{inner}</td><td>x</td></tr></table>"

    assert codes(files.read("a.xls", page.encode())) == [(2, "H24")]


def test_the_table_with_the_header_counts(files: Files) -> None:
    other = "<table><tr><td>Kỳ báo cáo</td><td>11</td><td>2026</td></tr></table>"
    content = other.encode() + table("<tr><td>1</td><td>H24</td></tr>") + other.encode()

    assert codes(files.read("a.xls", content)) == [(2, "H24")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_html_is_read_in_its_encoding(files: Files, encoding: str) -> None:
    content = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">'
    content += table("<tr><td>1</td><td>H24</td><td>Phường Hải An</td></tr>").decode()

    [(_, row)] = files.read("a.xls", content.encode(encoding))

    assert row == {"MaDonVi": "H24", "TenDonVi": "Phường Hải An"}


def test_html_that_was_cut_off_is_refused(files: Files) -> None:
    content = table("<tr><td>1</td><td>H24</td></tr><tr><td>2</td><td>H25</td></tr>")

    assert "bị cắt cụt" in files.refusal("a.xls", content[:-30])


# --- kinds of files -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.xls", "A.XLSX"])
@pytest.mark.parametrize("write", [*WRITERS.values(), lambda rows: xls({"Trang 1": rows})])
def test_the_content_tells_the_kind_not_the_name(
    files: Files, name: str, write: Callable[[Rows], bytes]
) -> None:
    assert codes(files.read(name, write([HEADER, [1, "H24", "x", "xa"]]))) == [(2, "H24")]


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_csv_named_as_a_spreadsheet_is_read_as_csv(files: Files, delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, [1, "H24", "x", "xa"]])

    assert codes(files.read("a.xls", text.getvalue().encode())) == [(2, "H24")]


def test_macros_links_and_other_members_are_never_opened(files: Files) -> None:
    bad = {
        "xl/vbaProject.bin": b"\0" * 100,
        "../../../etc/passwd": b"x",
        "/tmp/x": b"x",
        "xl/externalLinks/externalLink1.xml": b"<broken",
        "xl/theme/theme1.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    }
    content = raw_xlsx(raw_row(1, *HEADER) + raw_row(2, "1", "H24", "x", "xa"), more=bad)

    assert codes(files.read("a.xlsx", content)) == [(2, "H24")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"", "dòng tiêu đề"),
        ("a.xlsx", b"PK\x03\x04", "cắt cụt"),
        ("a.xlsx", archive({"x": b"y"}), "không phải bảng tính"),
        ("a.xlsx", archive({"content.xml": b"<x/>", "mimetype": b"ods"}), "không phải bảng tính"),
        ("a.xlsx", raw_xlsx("<row>"), "cắt cụt"),
        ("a.xlsx", raw_xlsx('<row><c t="s"><v>7</v></c></row>'), "cắt cụt"),
        ("a.xlsx", raw_xlsx('<row><c t="s"><v>-1</v></c></row>'), "cắt cụt"),
        ("a.xlsx", raw_xlsx('<row r="x"/>'), "cắt cụt"),
        ("a.xlsx", raw_xlsx("<row><c><v>x</v></c></row>"), "cắt cụt"),
        ("a.xlsx", raw_xlsx(""), "dòng tiêu đề"),
        ("a.xlsx", raw_xlsx("", more={"xl/workbook.xml": b"<workbook/>"}), "dòng tiêu đề"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "bị hỏng"),
        ("a.xls", b"\x09\x08\x10\x00\x00\x06\x05\x00", "bị hỏng"),
        ("a.xls", b"<html><body>x</body></html>", "dòng tiêu đề"),
        (
            "a.xls",
            b'<?xml version="1.0"?><Workbook'
            b' xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "XML 2003",
        ),
        ("a.xls", b"%PDF-1.7\n\xe2\xe3\xcf\xd3", ""),
    ],
)
def test_what_is_no_spreadsheet_is_refused(
    files: Files, name: str, content: bytes, reason: str
) -> None:
    assert reason in files.refusal(name, content)


@pytest.mark.parametrize(("name", "write"), [("a.xlsx", xlsx), ("a.xls", xls)])
def test_a_workbook_that_was_cut_off_is_refused(
    files: Files, name: str, write: Callable[..., bytes]
) -> None:
    content = write({"x": [HEADER, *([n, f"H{n}", "x" * 40, "xa"] for n in range(2000))]})

    for part in (0.2, 0.5, 0.95):
        assert files.refusal(name, content[: int(len(content) * part)])


def test_a_damaged_part_is_refused(files: Files) -> None:
    content = bytearray(raw_xlsx(raw_row(1, *HEADER) + raw_row(2, "1", "H24" * 999, "x", "xa")))
    at = content.index(b"xl/worksheets/sheet1.xml") + 120
    content[at : at + 9] = b"\xff" * 9

    assert files.refusal("a.xlsx", bytes(content))


def test_a_password_is_named(files: Files) -> None:
    locked = xls({"x": [HEADER]}).replace(
        "Workbook".encode("utf-16-le"), "Encrypte".encode("utf-16-le")
    ) + "EncryptedPackage".encode("utf-16-le")

    assert "mật khẩu" in files.refusal("a.xlsx", locked)


# --- what stands around a table --------------------------------------------------------------


def test_a_title_above_a_header_without_stt_is_no_part_of_its_titles(
    files: Files, kind: str
) -> None:
    title = "BÁO CÁO THEO CÁN BỘ NGÀY 05/11/2026"
    rows: Rows = [[title], ["Mã đơn vị", "Cấp", "Mức độ"], ["H24.1", "xa", "tốt"]]

    export, lines = files.read_all(kind, WRITERS[kind](rows))

    assert [row for _, row in lines] == [{"MaDonVi": "H24.1", "Cap": "xa", "Mức độ": "tốt"}]
    assert export.header is not None
    assert not any(title in column.title for column in export.header.columns)


def test_signatures_below_the_total_are_no_rows_though_one_stands_below_the_key(
    files: Files, kind: str
) -> None:
    rows: Rows = [
        HEADER,
        ["1", "H24.1", "Phường 1", "xa"],
        ["Tổng cộng", None, None, None],
        [None, "NGƯỜI LẬP", None, "CHỦ TỊCH"],
        [None, "Người Thứ Nhất", None, "Người Thứ Hai"],
    ]

    assert codes(files.read(kind, WRITERS[kind](rows))) == [(2, "H24.1")]


@pytest.mark.parametrize("title", ["TT", "Số TT", "Số thứ tự"])
def test_the_running_number_has_other_names(files: Files, kind: str, title: str) -> None:
    rows: Rows = [[title, *HEADER[1:]], ["I", "Các phường", None, None], ["1", "H24.1", "P", "xa"]]

    [(_, row)] = files.read(kind, WRITERS[kind](rows))

    assert row == {"MaDonVi": "H24.1", "TenDonVi": "P", "Cap": "xa"}


def test_text_that_is_called_a_spreadsheet_has_the_numbers_of_one(files: Files) -> None:
    text = "Mã đơn vị\tNăm\tTháng\tSố hồ sơ đã tiếp nhận\nH24.1\t2026\t11\t1.234\n"

    [(_, row)] = files.read("a.xls", text.encode("utf-16"), COUNTS)

    assert row is not None
    assert row["SoHoSoTiepNhan"] == "1234"


def test_a_time_may_have_its_hour_on_a_line_of_its_own(files: Files, kind: str) -> None:
    rows: Rows = [["STT", "Mã hồ sơ", "Ngày tiếp nhận"], ["1", "A-1", "05/11/2026\n08:30"]]

    assert files.cell(kind, WRITERS[kind](rows), DOSSIERS) == "05/11/2026 08:30"
