"""Spreadsheets as provincial systems export them: headings above the table, a header of one or two
rows with merged cells, a row (1)(2)(3), running numbers, and a total at the end."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.xml.constants import ARC_CORE
from openpyxl.xml.functions import tostring

from chiso766.sample.layouts import Layout
from chiso766.sample.outbox import Row
from chiso766.sample.surveys import QUESTIONS
from chiso766.sample.working_hours import FIRST_YEAR, LAST_YEAR
from chiso766.sample.write import ExportFile, TextFile, titles
from chiso766.sources import Kind

OFFICE = "ỦY BAN NHÂN DÂN THÀNH PHỐ HẢI PHÒNG"
TOTAL = "Tổng cộng"
_ABOVE_TABLE = 3  # rows: who, what, a blank one
_WRITTEN_ON = datetime(2026, 1, 1)  # in every workbook: equal arguments give equal bytes
_ZIPPED_ON = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Title:
    """A cell of the header; ``row`` and ``column`` from 0."""

    text: str
    row: int
    column: int
    height: int
    width: int


def _header(source: str) -> tuple[list[_Title], int]:
    """Its cells and the number of its rows."""
    parts = [title.partition("|")[::2] for title in ("STT", *titles(source))]
    rows = 2 if any(below for _, below in parts) else 1
    cells: list[_Title] = []
    column = 0
    for above, group in groupby(parts, key=lambda part: part[0]):
        lower = [below for _, below in group]
        height = 1 if lower[0] else rows
        cells.append(_Title(above, 0, column, height, len(lower)))
        cells += [_Title(text, 1, column + at, 1, 1) for at, text in enumerate(lower) if text]
        column += len(lower)
    return cells, rows


class WorkbookFile(ExportFile):
    """``.xlsx``: numbers and dates are typed where the layout does not write them as text."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        self._workbook = Workbook(write_only=True)
        self._workbook.properties.created = _WRITTEN_ON
        self._sheet = self._workbook.create_sheet("Sheet1")
        self._width = 1 + len(self.columns)
        self._header, header_rows = _header(layout.source)
        self._header_rows = header_rows
        self._first_row = _ABOVE_TABLE + header_rows + 2  # the row (1)(2)(3) is between

    def __enter__(self) -> Self:
        for row, text in enumerate((OFFICE, self.layout.heading), 1):
            self._sheet.append([text])
            self._merge(row, 1, 1, self._width)
        self._sheet.append([])
        for row in range(self._header_rows):
            cells: list[str | None] = [None] * self._width
            for title in self._header:
                if title.row == row:
                    cells[title.column] = title.text
                    place = (_ABOVE_TABLE + 1 + row, 1 + title.column)
                    self._merge(*place, title.height, title.width)
            self._sheet.append(cells)
        self._sheet.append([f"({number + 1})" for number in range(self._width)])
        return self

    def __exit__(self, *error: object) -> None:
        last = self._first_row + self.rows - 1
        self._sheet.append([TOTAL, f"=COUNTA(B{self._first_row}:B{last})"])
        draft = BytesIO()
        self._workbook.save(draft)
        self._workbook.properties.modified = _WRITTEN_ON
        with ZipFile(draft) as parts, ZipFile(self.path, "w") as archive:
            for name in parts.namelist():
                part = parts.read(name)
                if name == ARC_CORE:  # saving has written the time into it
                    part = tostring(self._workbook.properties.to_tree())
                archive.writestr(ZipInfo(name, _ZIPPED_ON), part, ZIP_DEFLATED)

    def write(self, row: Row) -> int:
        cells = [self._cell(field, row[field]) for field in self.columns]
        self._sheet.append([self.rows + 1, *cells])
        self.rows += 1
        return self._first_row + self.rows - 1

    def _cell(self, field: str, value: object) -> Cell | str | int | float | None:
        text = str(self.as_written(field, value))
        if field in self.layout.serials and (time := _moment(text)):
            cell = WriteOnlyCell(self._sheet, time)
            cell.number_format = "dd/mm/yyyy hh:mm:ss" if len(text) > 8 else "dd/mm/yyyy"
            return cell
        number = _number(text)
        if field in self.layout.grouped and number is not None:
            return f"{number:,}".translate(str.maketrans(",.", ".,"))
        if self.spec.fields.get(field) in (Kind.NUMBER, Kind.CODE) or field in QUESTIONS:
            return text if number is None else number
        return text or None

    def as_written(self, field: str, value: object) -> object:
        return value if field in self.layout.serials else super().as_written(field, value)

    def _merge(self, row: int, column: int, height: int, width: int) -> None:
        if (height, width) != (1, 1):
            first, last = get_column_letter(column), get_column_letter(column + width - 1)
            self._sheet.merged_cells.add(f"{first}{row}:{last}{row + height - 1}")


class HtmlFile(TextFile):
    """``.xls`` that is an HTML table, every cell a text."""

    def encoded(self, row: Row) -> bytes:
        cells = (self.as_written(field, row[field]) for field in self.columns)
        return _html_row(str(self.rows + 1), *map(str, cells))

    def _head(self) -> bytes:
        width = 1 + len(self.columns)
        header, rows = _header(self.layout.source)
        lines = [
            '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
            f"<title>{self.layout.heading}</title></head><body>",
            '<table border="1">',
            f'<tr><td colspan="{width}">{OFFICE}</td></tr>',
            f'<tr><td colspan="{width}">{self.layout.heading}</td></tr>',
            f'<tr><td colspan="{width}">&nbsp;</td></tr>',
            *("".join(_html_titles(header, row)) for row in range(rows)),
        ]
        numbers = _html_row(*(f"({number + 1})" for number in range(width)))
        self._next_place = _ABOVE_TABLE + rows + 2
        return "\n".join(lines).encode() + b"\n" + numbers + b"\n"

    def _tail(self) -> bytes:
        return _html_row(TOTAL, str(self.rows)) + b"\n</table></body></html>\n"


def _html_row(*texts: str) -> bytes:
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in texts)
    return f"<tr>{cells}</tr>".encode()


def _html_titles(header: list[_Title], row: int) -> Iterator[str]:
    yield "<tr>"
    for title in header:
        if title.row == row:
            yield f'<th rowspan="{title.height}" colspan="{title.width}">{title.text}</th>'
    yield "</tr>"


def _moment(text: str) -> datetime | None:
    """The time of yyyyMMdd[HHmmss]; None for what no one would type into a cell for dates."""
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S" if len(text) > 8 else "%Y%m%d")
    except ValueError:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR + 1 else None


def _number(text: str) -> int | float | None:
    """A number that is none below 0 and has no group signs; None where the text is not one."""
    if text.isdigit():
        return int(text)
    return float(text) if text.replace(".", "", 1).isdigit() else None
