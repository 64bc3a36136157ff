"""Filled forms as an Excel workbook to be printed, signed and handed in; a sheet for each form.

Sums are formulas beside their values: who corrects a count sees the sums follow, and who only
looks at the file, in a preview, sees the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from chiso766.report_forms import Column, Filled, Row
from chiso766.report_period import ReportPeriod
from chiso766.set_aside_sheets import xml_text

_FONT = "Times New Roman"
_A4 = 9
_INCHES = 0.5
_LINE = 15  # points
_LETTERS = 1.25  # of this font, in the width of a digit
_NOT_SIGNED = "…………, ngày …… tháng …… năm {year}"
# What is said where dossiers were not counted as usual (settings.py).
_NOT_AS_USUAL = {
    "left_out": "Không tính hồ sơ dừng xử lý, rút, từ chối sau khi tiếp nhận.",
    "in_progress": "Hồ sơ đang chờ bổ sung lần đầu tính là đang giải quyết.",
}


def write(
    path: Path, forms: Sequence[Filled], period: ReportPeriod, unit_name: str, receiver_name: str
) -> None:
    """Write the workbook; the same forms give the same bytes. Raises ``OSError``.

    ``receiver_name``: to whom the unit reports.
    """
    with xlsxwriter.Workbook(path) as workbook:
        as_of = datetime.combine(period.as_of_day, time())
        workbook.set_properties({"author": "chiso766", "created": as_of})
        for filled in forms:
            _Sheet(workbook, filled, period).write(unit_name, receiver_name)


class _Sheet:
    """One form; rows and columns are counted from 0."""

    def __init__(self, workbook: Any, filled: Filled, period: ReportPeriod) -> None:
        self._workbook, self._filled, self._period = workbook, filled, period
        self._form = filled.form
        self._columns = filled.form.columns
        self._last = len(self._columns) - 1
        self._sheet = workbook.add_worksheet(filled.form.sheet)
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self, unit_name: str, receiver_name: str) -> None:
        self._set_up()
        row = self._title_block(unit_name, receiver_name)
        first = self._heading(row)
        self._sheet.repeat_rows(row, first - 1)
        self._sheet.freeze_panes(first, 2)
        self._signatures(self._notes(self._body(first)) + 1)

    def _set_up(self) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(*[_INCHES] * 4)
        sheet.fit_to_pages(1, 0)
        sheet.center_horizontally()
        sheet.set_footer(f'&C&"{_FONT}"&10Trang &P/&N')
        sheet.hide_gridlines(2)
        for number, column in enumerate(self._columns):
            sheet.set_column(number, number, column.width)

    def _format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            usual = {"font_name": _FONT, "font_size": 11, "valign": "vcenter"}
            self._formats[key] = self._workbook.add_format(usual | properties)
        return self._formats[key]

    def _title_block(self, unit_name: str, receiver_name: str) -> int:
        """Left the form, in the middle title and period, right who reports to whom."""
        left, right = self._thirds()
        small = self._format(font_size=10, align="left", valign="top", text_wrap=True)
        number, source = self._form.number
        self._sheet.merge_range(0, 0, 2, left, "", small)
        bold, plain = self._format(bold=True, font_size=10), self._format(font_size=10)
        self._sheet.write_rich_string(0, 0, bold, number, plain, f"\n{source}", small)
        names = f"Đơn vị báo cáo:\n{unit_name}\nĐơn vị nhận báo cáo:\n{receiver_name}"
        self._sheet.merge_range(0, right, 2, self._last, xml_text(names), small)
        middle = (left + 1, right - 1)
        title = self._format(bold=True, font_size=12, align="center", text_wrap=True)
        centred = self._format(align="center")
        # names of two lines each fit beside the title
        self._sheet.set_row(0, 42)
        self._sheet.set_row(1, 20)
        self._sheet.set_row(2, 20)
        self._sheet.merge_range(0, middle[0], 0, middle[1], self._form.title, title)
        kind = f"Kỳ báo cáo: {self._period.label}"
        self._sheet.merge_range(1, middle[0], 1, middle[1], kind, centred)
        span = self._format(align="center", italic=True)
        self._sheet.merge_range(2, middle[0], 2, middle[1], f"({self._period.span})", span)
        if self._form.counts:
            counts = self._format(align="right", italic=True, font_size=10)
            self._sheet.merge_range(3, middle[1], 3, self._last, self._form.counts, counts)
        return 4

    def _thirds(self) -> tuple[int, int]:
        """The last column of the left block and the first of the right one."""
        widths = [column.width for column in self._columns]
        left = next(n for n in range(len(widths)) if sum(widths[: n + 1]) >= sum(widths) * 0.2)
        right = next(n for n in range(self._last, 0, -1) if sum(widths[n:]) >= sum(widths) * 0.22)
        return left, right

    def _heading(self, top: int) -> int:
        """The headings, those of several columns over them, and the line of numbers."""
        style = self._format(bold=True, border=1, align="center", text_wrap=True)
        depth = max(len(column.headings) for column in self._columns)
        for level, first, last, text in _merged(self._columns):
            is_lowest = len(self._columns[first].headings) == level + 1
            bottom = top + (depth - 1 if is_lowest else level)
            self._range(top + level, first, bottom, last, text, style)
        for level in range(depth):
            self._sheet.set_row(top + level, 20 if level + 1 < depth else 48)
        small = self._format(border=1, align="center", font_size=9, italic=True, text_wrap=True)
        for number, column in enumerate(self._columns, 1):
            self._sheet.write_string(top + depth, number - 1, _number(number, column), small)
        self._sheet.set_row(top + depth, 26)
        return top + depth + 1

    def _range(self, top: int, left: int, bottom: int, right: int, text: str, style: Any) -> None:
        if (top, left) == (bottom, right):
            self._sheet.write_string(top, left, text, style)
        else:
            self._sheet.merge_range(top, left, bottom, right, text, style)

    def _body(self, first: int) -> int:
        """The rows and the total; returns the row after them."""
        row = first
        for row, values in enumerate(self._filled.rows, first):
            for column in range(len(self._columns)):
                self._cell(row, column, values)
            self._sheet.set_row(row, _LINE * max(_lines(values, one) for one in self._columns))
        if not self._filled.rows:
            empty = self._format(border=1, align="center", italic=True)
            self._sheet.merge_range(first, 0, first, self._last, "Không phát sinh", empty)
        if not self._form.has_total:
            return row + 1
        bold = {"bold": True, "border": 1}
        total = row + 1
        self._sheet.merge_range(total, 0, total, 1, "Tổng số", self._format(**bold, align="center"))
        for column in range(2, len(self._columns)):
            self._total_cell(total, column, first)
        return total + 1

    def _cell(self, row: int, number: int, values: Row) -> None:
        column = self._columns[number]
        if column.parts or column.share:
            self._formula(row, number, values, bold=False)
        elif column.is_count or column.of == "number":
            style = self._format(border=1, num_format="#,##0", align="center")
            self._sheet.write(row, number, values[column.of], style)  # None leaves it blank
        elif isinstance(values[column.of], date):
            style = self._format(border=1, num_format="dd/mm/yyyy", align="center")
            self._sheet.write_datetime(row, number, values[column.of], style)
        else:
            style = self._format(border=1, text_wrap=True)
            self._sheet.write_string(row, number, xml_text(str(values[column.of])), style)

    def _total_cell(self, row: int, number: int, first: int) -> None:
        column = self._columns[number]
        if column.parts or column.share:
            self._formula(row, number, self._filled.total, bold=True)
            return
        style = self._format(border=1, bold=True, num_format="#,##0", align="center")
        span = f"{xl_rowcol_to_cell(first, number)}:{xl_rowcol_to_cell(row - 1, number)}"
        self._sheet.write_formula(
            row, number, f"=SUM({span})", style, self._filled.total[column.of]
        )

    def _formula(self, row: int, number: int, values: Row, bold: bool) -> None:
        """A sum or a share of other columns of the row, with its value."""
        column = self._columns[number]
        at = [xl_rowcol_to_cell(row, part - 1) for part in column.share or column.parts]
        weight = {"bold": True} if bold else {}
        if column.share is None:
            style = self._format(border=1, num_format="#,##0", align="center", **weight)
            self._sheet.write_formula(row, number, f"={'+'.join(at)}", style, values[column.of])
            return
        part, whole = (values[self._columns[place - 1].of] for place in column.share)
        style = self._format(border=1, num_format="0.0%", align="center", **weight)
        share = part / whole if whole else "–"
        self._sheet.write_formula(row, number, f'=IF({at[1]}=0,"–",{at[0]}/{at[1]})', style, share)

    def _notes(self, row: int) -> int:
        period = self._period
        counted = (period.returned_as, period.awaited_as)
        notes = [self._form.note, *(_NOT_AS_USUAL.get(word, "") for word in counted)]
        if not period.is_complete:
            notes.insert(
                0, f"Số liệu tạm tính đến hết ngày {period.as_of_day:%d/%m/%Y}, kỳ chưa hết."
            )
        style = self._format(italic=True, font_size=10, text_wrap=True, valign="top")
        shown = [f"Ghi chú: {note}" for note in notes if note]
        for line, note in enumerate(shown, row):
            self._sheet.merge_range(line, 0, line, self._last, note, style)
        return row + len(shown)

    def _signatures(self, row: int) -> None:
        _, right = self._thirds()
        right -= 2
        bold = self._format(bold=True, align="center")
        hint = self._format(italic=True, align="center", font_size=10)
        dated = _NOT_SIGNED.format(year=self._period.period_end.year)
        self._sheet.merge_range(row, right, row, self._last, dated, hint)
        for line, (writer, head, style) in enumerate(
            [
                ("NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ", bold),
                ("(Ký, ghi rõ họ tên)", "(Ký tên, đóng dấu)", hint),
            ],
            row + 1,
        ):
            self._sheet.merge_range(line, 0, line, 2, writer, style)
            self._sheet.merge_range(line, right, line, self._last, head, style)


def _merged(columns: Sequence[Column]) -> Iterator[tuple[int, int, int, str]]:
    """Level, first and last column and text of each heading; equal ones side by side are one."""
    for level in range(max(len(column.headings) for column in columns)):
        first = 0
        while first < len(columns):
            path = columns[first].headings[: level + 1]
            last = first
            if len(path) == level + 1:
                while last + 1 < len(columns) and columns[last + 1].headings[: level + 1] == path:
                    last += 1
                yield level, first, last, path[level]
            first = last + 1


def _lines(values: Row, column: Column) -> int:
    """So many lines a text takes: only the reader's program knows, and not all of them ask it."""
    if column.share or column.is_count:
        return 1
    return ceil(len(str(values[column.of])) / (column.width * _LETTERS))


def _number(number: int, column: Column) -> str:
    """How the line of numbers names a column, with what it is made of."""
    if column.parts:
        return f"({number})={'+'.join(f'({part})' for part in column.parts)}"
    if column.share:
        return f"({number})=({column.share[0]})/({column.share[1]})"
    return f"({number})"
