"""``.csv``: a header row of field names or Vietnamese titles, then one row per line.

Quotes that do not pair refuse the whole file, and so does a row without an end: what follows could
be taken for other fields, and texts that hold personal data would pass where a code is expected.
For the same reason a row with a cell too many is unreadable even where that cell is empty.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress

from chiso766.readers import encoding
from chiso766.readers.export import LONGEST_ROW, Cut, Export, Refused
from chiso766.readers.header import Header, no_header, read_header
from chiso766.readers.old_fonts import Convert
from chiso766.sources import Source

_DELIMITERS = {",": "dấu phẩy", ";": "dấu chấm phẩy", "\t": "dấu tab"}
_EXCEL_DELIMITER = re.compile('"?sep=([,;\t])"?\r?\n?', re.IGNORECASE)
_LONGEST_HEADER = 1 << 20  # characters
_MOST_HEADER_LINES = 100
_MOST_COLUMNS = 16_384
_MOST_BLANK_LINES = 2_000_000  # a sheet saved to its last row has a million


def read(file: io.BufferedReader, source: Source) -> Export:
    """The rows by field name; one with more cells than the header is unreadable."""
    csv.field_size_limit(LONGEST_ROW)
    written = encoding.recognise(file)
    lines = _Lines(io.TextIOWrapper(file, encoding=written.codec, newline=""))
    record = _first_record(lines)
    delimiters = list(_DELIMITERS)
    if excel := _EXCEL_DELIMITER.fullmatch(record):
        delimiters = [excel[1]]
        record = _first_record(lines)
    header, delimiter = max(
        ((_header(record, each, lines.number, source, written), each) for each in delimiters),
        key=lambda each: len(each[0].fields),
    )
    if not set(header.fields) & set(source.key):
        raise Refused(no_header(header, "dòng đầu", source))
    cut = Cut(_rows(lines, len(header.names), delimiter), _values(header, written.convert))
    return Export(
        lines=cut.lines(),
        form=f"CSV, {written.name}, ngăn cách bằng {_DELIMITERS[delimiter]}",
        header=header,
        cut=None if written.convert else cut,
    )


class _Lines:
    """The lines of a text; together they may be as long as ``allowed``, then it is renewed."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._read = text.readline
        self.allowed = _LONGEST_HEADER
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._read(self.allowed + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.allowed -= len(line)
        if self.allowed < 0:
            raise _TooLong
        return line


class _TooLong(Exception):
    """A row, or the header, has no end where one can be expected."""


def _first_record(lines: _Lines) -> str:
    """The first line that is not blank, quoted line breaks included."""
    record = ""
    try:
        for line in lines:
            record += line if record or not line.isspace() else ""
            if (record and record.count('"') % 2 == 0) or lines.number >= _MOST_HEADER_LINES:
                break
    except _TooLong:
        raise Refused(
            "có dòng đầu quá dài, không phải dòng tiêu đề: hãy kiểm tra tệp ở nguồn rồi gửi lại."
        ) from None
    return record


def _header(
    record: str, delimiter: str, line: int, source: Source, written: encoding.Encoding
) -> Header:
    cells = next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
    if len(cells) > _MOST_COLUMNS:
        raise Refused(
            f"có {len(cells)} cột ở dòng đầu, không phải dòng tiêu đề: hãy kiểm tra tệp ở nguồn"
            " rồi gửi lại."
        )
    titles = map(written.convert, cells) if written.convert else cells
    return read_header(([title] for title in titles), line, source)


def _values(
    header: Header, convert: Convert | None
) -> Callable[[Sequence[str]], Mapping[str, object]]:
    names = [name for name in header.names if name]
    is_read = [name is not None for name in header.names]

    def values(cells: Sequence[str]) -> Mapping[str, object]:
        read_cells = compress(cells, is_read)
        texts = map(convert, read_cells) if convert else read_cells
        return dict(zip(names, texts, strict=False))

    return values


def _rows(
    lines: _Lines, columns: int, delimiter: str
) -> Iterator[tuple[int, Sequence[str] | None]]:
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    last_line = lines.number  # that was not blank
    while True:
        first_line = lines.number + 1
        lines.allowed = LONGEST_ROW
        try:
            cells = next(rows, None)
        except (csv.Error, _TooLong):
            break
        if cells is None:
            return
        if len(cells) > columns:
            yield first_line, None
        elif any(cells) and not all(cell.isspace() for cell in cells if cell):
            yield first_line, cells
        elif lines.number - last_line > _MOST_BLANK_LINES:
            raise Refused(
                f"có hơn {_MOST_BLANK_LINES} dòng trống liền nhau, từ dòng {last_line + 1}:"
                " hãy xóa các dòng đó rồi gửi lại."
            )
        else:
            continue
        last_line = lines.number
    raise Refused(
        f"có dấu ngoặc kép không thành cặp hoặc dòng quá dài, ở dòng {first_line}:"
        " hãy sửa dòng đó ở nguồn rồi gửi lại."
    )
