"""Where the table stands on the sheets of a workbook, and which of its rows are rows.

The header is the first row with ``STT`` and a key field, or where no row has both, the first with
a key field and another one; a second row of titles below it belongs to it.

A row with a running number is a row, whatever it lacks, and so is one with a key. Not rows are:
blank ones, headers that come again, the column numbers below a header, totals, and what has no
running number but a single cell (headings of groups) or no key and two (signatures), below a total
any number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice

from chiso766.names import fold
from chiso766.readers import old_fonts
from chiso766.readers.cells import EPOCH_1900, Cell, Row, Uncomputed, plain, reader
from chiso766.readers.export import LONGEST_ROW, Export, Line, Refused
from chiso766.readers.header import ROW_NUMBERS, Header, Use, no_header, read_header
from chiso766.sources import Source

_LINES_OF_A_SHEET = 10_000_000
_MOST_SHEETS = 200  # times the lines of a sheet, what a column "line" can hold
_LARGEST_TEXT = 4 << 30  # characters; a text that many cells refer to counts for each
_LONGEST_TOP = 100  # rows among which a header is looked for
_WIDEST_HEADER = 2_000  # columns
_LONGEST_TITLE = 500  # characters
_LARGEST_HEADING = 2  # cells
_FULL = (65_536, 1_048_576)  # rows of a sheet of .xls, of .xlsx

_TOTAL = re.compile(r"(?:tong(?:cong|so)?(?:hoso|dong|banghi)?|cong(?:trang)?)[0-9]*")
_COLUMN_NUMBER = re.compile(r"[(\[]?-?([0-9]{1,3}|[A-Z])[)\]]?(?:\s*=.*)?")

Rows = Iterator[tuple[int, Row]]
"""Row number (from 1, ascending) and cells; blank rows may be absent."""


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook; ``rows`` are read before the next sheet is asked for."""

    name: str
    rows: Rows
    epoch: datetime = EPOCH_1900


@dataclass(frozen=True)
class _Table:
    sheet: Sheet
    header: Header
    first_row: int
    header_rows: list[Row]
    body: Rows


def read(sheets: Iterable[Sheet], form: str, source: Source) -> Export:
    """The rows of every sheet that has a header; the others are passed over if one has.

    ``line``: the row number; on the second sheet that is read 10,000,000 more, on the third
    20,000,000 more. ``form``: the kind of file. Raises ``Refused``, also while lines are read.
    """
    tables = _tables(sheets, source)
    first = next(tables)
    name = f', trang tính "{first.sheet.name}"' if first.sheet.name else ""
    is_one_row = first.first_row == first.header.line
    rows = str(first.header.line) if is_one_row else f"{first.first_row}–{first.header.line}"
    return Export(
        lines=_lines(chain([first], tables), first, source),
        form=f"{form}{name}, dòng tiêu đề {rows}",
        header=first.header,
    )


# --- the header -----------------------------------------------------------------------------


def _tables(sheets: Iterable[Sheet], source: Source) -> Iterator[_Table]:
    """The sheets with a header; raises ``Refused`` where none has one, or where one goes on."""
    nearest: Header | None = None
    last_row = 0

    def noted(rows: Rows) -> Rows:
        nonlocal last_row
        for number, row in rows:
            last_row = number
            yield number, row

    is_none = True
    for place, sheet in enumerate(sheets):
        if place == _MOST_SHEETS:
            raise Refused(f"có hơn {_MOST_SHEETS} trang tính hoặc bảng: hãy chia thành nhiều tệp.")
        table = _table(sheet, source)
        if isinstance(table, _Table):
            is_none = False
            yield replace(table, body=noted(table.body))
        elif table and last_row in _FULL:
            raise Refused(
                f'có trang tính "{sheet.name}" nối tiếp một trang đã đầy ({last_row} dòng) mà không'
                " có dòng tiêu đề: hãy thêm dòng tiêu đề vào trang đó rồi gửi lại."
            )
        elif nearest is None or (table and len(table.fields) > len(nearest.fields)):
            nearest = table
    if not is_none:
        return
    nearest = nearest or read_header((), 0, source)
    if set(nearest.fields) & set(source.key):
        raise Refused(
            f"chỉ có một cột nhận ra được ({nearest.fields[0]}) và không có cột STT: hãy thêm cột"
            " STT hoặc bổ sung tên cột vào tệp tên cột (./chiso columns TỆP cho biết cần thêm gì)."
        )
    raise Refused(no_header(nearest, f"{_LONGEST_TOP} dòng đầu của các trang tính", source))


def _table(sheet: Sheet, source: Source) -> _Table | Header | None:
    """The table of a sheet; without one what comes nearest to a header; None: it is blank."""
    rows: Rows = ((number, row) for number, row in sheet.rows if row)
    top = list(_top(rows))
    sample = "\n".join(_title(cell) for _, row in top for cell in row.values())
    if convert := old_fonts.converter(sample):
        top = [(number, _converted(row, convert)) for number, row in top]
        rows = ((number, _converted(row, convert)) for number, row in rows)
    with_stt = [at for at, (_, row) in enumerate(top) if _stt_column(row) is not None]
    headers = []
    for at in (*with_stt, *range(len(top))):
        header, header_rows = _header_at(top[at:], source)
        fields = header.fields
        if set(fields) & set(source.key) and (at in with_stt or len(fields) > 1):
            body = chain(top[at + len(header_rows) :], rows)
            return _Table(sheet, header, top[at][0], header_rows, body)
        headers.append(header)
    return max(headers, key=lambda header: len(header.fields), default=None)


def _top(rows: Rows) -> Rows:
    """The first rows, fewer where they are long."""
    size = 0
    for number, row in islice(rows, _LONGEST_TOP):
        yield number, row
        size += sum(len(cell) for cell in row.values() if isinstance(cell, str))
        if size > LONGEST_ROW:
            return


def _converted(row: Row, convert: old_fonts.Convert) -> Row:
    return {
        column: convert(cell) if isinstance(cell, str) else cell for column, cell in row.items()
    }


def _stt_column(row: Row) -> int | None:
    return next((column for column, cell in row.items() if fold(_title(cell)) in ROW_NUMBERS), None)


def _title(cell: Cell) -> str:
    return "" if isinstance(cell, Uncomputed) else plain(cell)[:_LONGEST_TITLE]


def _header_at(rows: list[tuple[int, Row]], source: Source) -> tuple[Header, list[Row]]:
    """The header that begins with the first of these rows, and the rows that it takes."""
    line, upper = rows[0]
    header = _header(upper, {}, line, source)
    header_rows = [upper]
    if len(rows) > 1 and _is_lower(rows[1][1], upper, header, source):
        line, lower = rows[1]
        header = _header(upper, lower, line, source)
        header_rows.append(lower)
    below = rows[len(header_rows) :]
    if below and _has_column_numbers(below[0][1]):
        header_rows.append(below[0][1])
    return header, header_rows


def _is_lower(lower: Row, upper: Row, header: Header, source: Source) -> bool:
    """Whether a row holds the titles below merged ones: it fills gaps, but has no number or key."""
    added = {column for column, cell in lower.items() if cell != upper.get(column)}
    keys = {at for at, column in enumerate(header.columns) if column.name in source.key}
    is_text = all(isinstance(lower[column], str) for column in added)
    if len(set(upper.values())) == 1:  # a title of the whole sheet
        return False
    return is_text and bool(added - upper.keys()) and not added & {_stt_column(upper), *keys}


def _header(upper: Row, lower: Row, line: int, source: Source) -> Header:
    width = min(max((*upper, *lower)) + 1, _WIDEST_HEADER)
    return read_header((_forms(column, upper, lower) for column in range(width)), line, source)


def _forms(column: int, upper: Row, lower: Row) -> tuple[str, ...]:
    """The forms of a column's title; a merged cell above stands in the first of its columns."""
    if column not in lower or lower[column] == upper.get(column):
        return (_title(upper.get(column, "")),)
    title = _title(lower[column])
    first = column
    while first not in upper and first - 1 in lower:
        first -= 1
    if first not in upper:
        return (title,)
    above = _title(upper[first])
    is_alone = first == column and (column + 1 in upper or column + 1 not in lower)
    return (f"{above} {title}", title, *([above] if is_alone else []))


def _has_column_numbers(row: Row) -> bool:
    """Whether a row says (1), (2), (3) …, after letters if any; -1 is what Excel makes of (1)."""
    numbers = [_COLUMN_NUMBER.fullmatch(_title(cell).strip()) for cell in row.values()]
    found = [match[1] for match in numbers if match]
    letters = [number for number in found if number.isalpha()]
    expected = [chr(ord("A") + at) for at in range(len(letters))]
    expected += [str(number) for number in range(1, len(found) - len(letters) + 1)]
    return len(row) > 1 and len(found) == len(row) and found == expected


# --- the rows -------------------------------------------------------------------------------


def _lines(tables: Iterable[_Table], first: _Table, source: Source) -> Iterator[Line]:
    for place, table in enumerate(tables):
        if set(table.header.names) != set(first.header.names):
            raise Refused(
                f'có các cột của trang tính "{table.sheet.name}" khác với trang'
                f' "{first.sheet.name}": hãy gửi mỗi trang thành một tệp riêng.'
            )
        for number, row in _rows(table, source):
            yield place * _LINES_OF_A_SHEET + number, row


def _rows(table: _Table, source: Source) -> Iterator[Line]:
    columns = [
        (at, name, reader(source.fields.get(name), table.sheet.epoch))
        for at, name in enumerate(table.header.names)
        if name
    ]
    is_row = _RowTest(table.header, source)
    size = 0
    for number, cells in table.body:
        if cells in table.header_rows or not is_row(cells):
            continue
        try:
            row = {name: read(cells[at]) for at, name, read in columns if at in cells}
        except Uncomputed:
            yield number, None
            continue
        size += sum(map(len, row.values()))
        if size > _LARGEST_TEXT:
            raise Refused("có quá nhiều chữ trong một trang tính: hãy chia thành nhiều tệp.")
        yield number, row


class _RowTest:
    """Tells rows from headings, totals and signatures, in the order in which they stand."""

    def __init__(self, header: Header, source: Source) -> None:
        uses = [column.use for column in header.columns]
        self._stt = uses.index(Use.ROW_NUMBER) if Use.ROW_NUMBER in uses else None
        self._keys = [at for at, name in enumerate(header.names) if name in source.key]
        self._is_below_total = False

    def __call__(self, cells: Row) -> bool:
        first = next(iter(cells.values()))
        if _TOTAL.fullmatch(fold(_title(first))):
            self._is_below_total = True
            return False
        if self._stt in cells and _is_number(cells[self._stt]):
            return True
        given = len(cells) - (self._stt in cells)
        if any(key in cells for key in self._keys):
            least = _LARGEST_HEADING + 1 if self._is_below_total else 1
            return given > least or self._stt is None
        return given > _LARGEST_HEADING and not self._is_below_total


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str) or cell.strip(" .").isdigit()
