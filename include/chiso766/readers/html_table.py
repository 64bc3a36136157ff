"""``.xls`` that is an HTML table: each table is a sheet, a merged cell stands in its first place.

A table inside a cell is a table of its own where the outer one only arranges the page, else it is
text of the cell.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from lxml import etree

from chiso766.readers.cells import Row
from chiso766.readers.encoding import recognise
from chiso766.readers.export import LONGEST_ROW, Refused
from chiso766.readers.old_fonts import Convert
from chiso766.readers.sheet import Sheet

_CHUNK = 1 << 16
_LARGEST_FILE = 1 << 30  # the parser keeps the bytes that it was given
_LAST_COLUMN = 16_384
_LONGEST_SPAN = 100_000  # rows
_DEEPEST = 1_000
_MOST_SPANNED = 50_000_000  # cells taken by spans of cells above; five of every row are 2,500,000
_LEAST_DATA = 3  # cells of a row of a table that does not only arrange the page
_LONGEST_NUMBER = 9  # digits
_BREAK = "\0"  # of a line in a cell; the parser never gives this sign

_STRANGE = (
    "có bảng HTML quá lớn hoặc có cấu trúc bất thường nên không được đọc: hãy mở bằng Excel, lưu"
    " lại dưới dạng .xlsx rồi gửi lại."
)
_CUT = "bị cắt cụt (bảng HTML không có phần kết thúc): hãy gửi lại trọn tệp."


def read_sheets(file: io.BufferedReader) -> Iterator[Sheet]:
    """The tables in their order; raises ``Refused``, also while rows are read."""
    start = file.tell()
    if file.seek(0, io.SEEK_END) > _LARGEST_FILE:
        raise Refused(_STRANGE)
    file.seek(start)
    encoding = recognise(file)
    rows = _rows(file, codecs.getincrementaldecoder(encoding.codec)(), encoding.convert)
    for _, table in groupby(rows, key=itemgetter(0)):
        yield Sheet("", ((number, row) for _, number, row in table))


def _rows(
    file: io.BufferedReader,
    decoder: codecs.IncrementalDecoder,
    convert: Convert | None,
) -> Iterator[tuple[int, int, Row]]:
    """Number of the table, of the row in it, and the row."""
    tables = _Tables(convert or str)
    target: Any = tables  # the stubs ask for more than the parser calls
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    end = ""
    while chunk := file.read(_CHUNK):
        text = decoder.decode(chunk)
        parser.feed(text.encode())
        end = (end + text)[-_CHUNK:]
        yield from tables.rows
        tables.rows.clear()
    if tables.number and "</table" not in end.casefold():
        raise Refused(_CUT)
    parser.close()
    yield from tables.rows


class _Table:
    """A table that is open: its rows so far, and what merged cells of rows above take."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows = 0
        self.is_data = False  # it has had a row of several cells
        self.is_in_row = False
        self.row: Row = {}
        self.column = 0
        self.spans: dict[int, int] = {}  # column -> rows that a cell above still takes
        self.spans_below: dict[int, int] = {}  # from the next row on
        self.cell: list[str] | None = None  # the pieces of the open cell
        self.cell_column = 0
        self.size = 0  # of the row


class _Tables:
    """Takes the parser's events; ``rows`` is emptied by who reads them."""

    def __init__(self, convert: Convert) -> None:
        self.rows: list[tuple[int, int, Row]] = []
        self.number = 0
        self._convert = convert
        self._spanned = 0  # cells that spans of cells above took
        self._open: list[_Table] = []
        self._inside = 0  # tables that are text of a cell
        self._hidden = 0  # scripts and styles
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Refused(_STRANGE)
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "table":
            self._start_table()
        elif self._open and not self._inside:
            if tag == "tr":
                self._end_row()
                self._open[-1].is_in_row = True
            elif tag in ("td", "th"):
                self._start_cell(attributes)
            elif tag == "br":
                self.data(_BREAK)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag in ("script", "style"):
            self._hidden -= 1
        elif tag == "table" and self._inside:
            self._inside -= 1
        elif self._open and not self._inside:
            if tag in ("td", "th"):
                self._end_cell()
            elif tag == "tr":
                self._end_row()
            elif tag == "table":
                self._end_row()
                self._open.pop()

    def data(self, text: str) -> None:
        if self._open and not self._hidden:
            table = self._open[-1]
            if table.cell is not None:
                table.cell.append(text)
                table.size += len(text)
                if table.size > LONGEST_ROW:
                    raise Refused(_STRANGE)

    def close(self) -> None:
        """What a target of lxml must have."""

    def _start_table(self) -> None:
        if self._open and self._open[-1].is_data and self._open[-1].cell is not None:
            self._inside += 1
        else:
            self.number += 1
            self._open.append(_Table(self.number))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._end_cell()
        table = self._open[-1]
        table.is_in_row = True
        while table.column in table.spans:
            table.column += 1
        first = table.column
        table.column += _span(attributes.get("colspan"), _LAST_COLUMN)
        if table.column > _LAST_COLUMN:
            raise Refused(_STRANGE)
        rows = _span(attributes.get("rowspan"), _LONGEST_SPAN)
        if rows > 1:
            table.spans_below |= dict.fromkeys(range(first, table.column), rows - 1)
        table.cell = []
        table.cell_column = first

    def _end_cell(self) -> None:
        table = self._open[-1]
        if table.cell is None:
            return
        lines = "".join(table.cell).split(_BREAK)
        text = self._convert("\n".join(" ".join(line.split()) for line in lines).strip())
        if text:
            table.row[table.cell_column] = text
        table.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        table = self._open[-1]
        if not table.is_in_row:
            return
        table.rows += 1
        table.is_data = table.is_data or len(table.row) >= _LEAST_DATA
        self.rows.append((table.number, table.rows, table.row))
        self._spanned += len(table.spans)
        if self._spanned > _MOST_SPANNED:
            raise Refused(_STRANGE)
        table.spans = {column: left - 1 for column, left in table.spans.items() if left > 1}
        table.spans |= table.spans_below
        table.spans_below = {}
        table.is_in_row = False
        table.row = {}
        table.column = table.size = 0


def _span(written: str | None, most: int) -> int:
    """A number of columns or rows; 1 where it is not one."""
    if not written or not written.isdecimal():
        return 1
    return max(1, min(most, int(written[:_LONGEST_NUMBER])))
