"""Sample files as they stand in their folder, read without the project's own readers."""

from __future__ import annotations

import gzip
from codecs import BOM_UTF16_LE
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any
from unicodedata import normalize
from zipfile import BadZipFile

import openpyxl

# The letters of TCVN3 in the order of their codes.
_TCVN3 = dict(
    zip(
        bytes.fromhex(
            "a1a2a3a4a5a6a7a8a9aaabacadaeb5b6b7b8b9bbbcbdbec6c7c8c9cacbcccecfd0d1d2d3d4d5d6d7d8dcdd"
            "dedfe1e2e3e4e5e6e7e8e9eaebecedeeeff1f2f3f4f5f6f7f8f9fafbfcfdfe"
        ),
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
# The first row of the table in a spreadsheet: the header.
_HEADER = 4
Cells = list[str]


@dataclass(frozen=True)
class Sheet:
    """A table; a title below a merged one is written "above|below". Rows by their number."""

    titles: Cells
    rows: dict[int, Cells]


def text_of(path: Path) -> str:
    """The text of a file, composed; raises ``ValueError`` where it is not in its encoding."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    if content.startswith(BOM_UTF16_LE):
        text = content.decode("utf-16")
    elif path.name.startswith("danhgia"):
        text = content.decode("latin-1").translate(_TCVN3)
    else:
        text = content.decode("cp1258" if path.name.startswith("qdcb") else "utf-8-sig")
    return normalize("NFC", text)


def is_sheet(path: Path) -> bool:
    return path.suffix in (".xlsx", ".xls")


def sheet_of(path: Path) -> Sheet:
    """The table of a spreadsheet, all cells as texts, without STT, column numbers and total."""
    grid = _workbook(path) if path.suffix == ".xlsx" else _html(path)
    numbers = next(number for number, cells in grid.items() if cells[0] == "(1)")
    above, below = grid[_HEADER], grid[_HEADER + 1] if numbers > _HEADER + 1 else None
    titles = above
    if below:
        filled = accumulate(above, lambda before, title: title or before)
        pairs = zip(filled, above, below, strict=True)
        titles = [f"{group}|{title}" if title else own for group, own, title in pairs]
    total = max(grid)
    assert grid[total][0] == "Tổng cộng"
    rows = {number: cells for number, cells in grid.items() if numbers < number < total}
    assert [cells[0] for cells in rows.values()] == [str(stt + 1) for stt in range(len(rows))]
    return Sheet(titles[1:], {number: cells[1:] for number, cells in rows.items()})


def plain_number(text: str) -> str:
    """A number of a spreadsheet that is a text: 1.234,5 is 1234.5."""
    return text.replace(".", "").replace(",", ".")


def _workbook(path: Path) -> dict[int, Cells]:
    try:
        sheet = openpyxl.load_workbook(path).active
    except (BadZipFile, KeyError) as error:
        raise ValueError from error
    return {row[0].row: [_text(cell.value) for cell in row] for row in sheet.iter_rows()}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return (
            f"{value:%Y%m%d%H%M%S}" if value.time().isoformat() != "00:00:00" else f"{value:%Y%m%d}"
        )
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


class _Table(HTMLParser):
    """The rows of a table; a merged cell stands in its first place, the others are empty."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Cells] = []
        self._taken: dict[int, int] = {}  # column -> rows below that a cell takes
        self._taken_below: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        spans = {name: int(value or 1) for name, value in attrs if name.endswith("span")}
        if tag == "tr":
            self._taken = {c: n - 1 for c, n in self._taken.items() if n > 1} | self._taken_below
            self._taken_below = {}
            self.rows.append([])
        if tag in ("td", "th"):
            row = self.rows[-1]
            while len(row) in self._taken:
                row.append("")
            for column in range(len(row), len(row) + spans.get("colspan", 1)):
                row.append("")
                if spans.get("rowspan", 1) > 1:
                    self._taken_below[column] = spans["rowspan"] - 1
            self._column = len(row) - spans.get("colspan", 1)

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr":
            row = self.rows[-1]
            row += [""] * (len(self._taken) and max(self._taken) + 1 - len(row))

    def handle_data(self, data: str) -> None:
        if self.rows and data.strip():
            self.rows[-1][self._column] += data


def _html(path: Path) -> dict[int, Cells]:
    text = path.read_text(encoding="utf-8")
    if not text.rstrip().endswith("</html>"):
        raise ValueError
    table = _Table()
    table.feed(text)
    return dict(enumerate(table.rows, 1))
