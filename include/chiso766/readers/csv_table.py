"""``.csv``: a header row of field names or Vietnamese titles, then one row per line.

Quotes that do not pair refuse the whole file: what follows could be taken for other fields, and
texts that hold personal data would pass where a code is expected.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from chiso766.readers.export import Export, Line, Refused
from chiso766.readers.header import Header, no_header, read_header
from chiso766.sources import Source

_DELIMITERS = {",": "dấu phẩy", ";": "dấu chấm phẩy", "\t": "dấu tab"}
_LONGEST_CELL = 16 << 20
_LONGEST_HEADER = 100


def read(file: io.BufferedReader, source: Source) -> Export:
    """The rows by field name; one with more cells than the header is unreadable."""
    csv.field_size_limit(_LONGEST_CELL)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    first_line, line = _first_line(text)
    header, delimiter = max(
        ((_header(first_line, delimiter, line, source), delimiter) for delimiter in _DELIMITERS),
        key=lambda each: len(each[0].fields),
    )
    if not set(header.fields) & set(source.key):
        raise Refused(no_header(header, "dòng đầu", source))
    return Export(
        lines=_lines(text, header, delimiter),
        form=f"CSV, UTF-8, ngăn cách bằng {_DELIMITERS[delimiter]}",
        header=header,
    )


def _first_line(text: io.TextIOWrapper) -> tuple[str, int]:
    """The first line that is not blank, quoted line breaks included, and where it ends."""
    record = ""
    number = 0
    for line in text:
        number += 1
        record = (record + line).lstrip()
        if (record and record.count('"') % 2 == 0) or number == _LONGEST_HEADER:
            break
    return record, number


def _header(text: str, delimiter: str, line: int, source: Source) -> Header:
    cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return read_header(([cell] for cell in cells), line, source)


def _lines(text: io.TextIOWrapper, header: Header, delimiter: str) -> Iterator[Line]:
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    names = header.names
    while True:
        first_line = header.line + rows.line_num + 1
        try:
            cells = next(rows, None)
        except csv.Error:
            break
        if cells is None:
            return
        if len(cells) > len(names):
            yield first_line, None
        elif any(cells) and not all(cell.isspace() for cell in cells if cell):
            yield first_line, _row(names, cells)
    raise Refused(
        f"có dấu ngoặc kép không thành cặp hoặc ô quá dài, ở dòng {first_line}:"
        " hãy sửa dòng đó ở nguồn rồi gửi lại."
    )


def _row(names: Sequence[str | None], cells: list[str]) -> Mapping[str, object]:
    return {name: cell for name, cell in zip(names, cells, strict=False) if name}
