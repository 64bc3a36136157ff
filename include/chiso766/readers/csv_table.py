"""``.csv``: a header row of field names or Vietnamese titles, then one row per line.

Quotes that do not pair refuse the whole file: what follows could be taken for other fields, and
texts that hold personal data would pass where a code is expected.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chiso766.names import fold
from chiso766.privacy import is_personal
from chiso766.readers.export import Export, Line, Refused
from chiso766.readers.titles import fields_by_title
from chiso766.sources import Source

_DELIMITERS = (",", ";", "\t")
_LONGEST_CELL = 16 << 20
_LONGEST_HEADER = 100


@dataclass(frozen=True)
class _Header:
    """How the columns are read: the name of each, None where its cells are not read."""

    delimiter: str
    names: tuple[str | None, ...]
    recognised: tuple[str, ...]
    withheld: tuple[str, ...]


def read(file: io.BufferedReader, source: Source) -> Export:
    """The rows by field name; one with more cells than the header is unreadable."""
    csv.field_size_limit(_LONGEST_CELL)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    first_line, lines_before = _first_line(text)
    by_title = fields_by_title(source)
    header = max(
        (_header(first_line, delimiter, source, by_title) for delimiter in _DELIMITERS),
        key=lambda header: len(header.recognised),
    )
    if not set(header.recognised) & set(source.key):
        raise Refused(_no_header(header, source))
    return Export(
        lines=_lines(text, header, lines_before),
        columns=frozenset(name for name in header.names if name),
        withheld=header.withheld,
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


def _header(line: str, delimiter: str, source: Source, by_title: Mapping[str, str]) -> _Header:
    cells = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    names: list[str | None] = []
    withheld: list[str] = []
    for place, cell in enumerate(cells, 1):
        title = " ".join(cell.split())
        name = by_title.get(fold(title), title)
        is_kept = name in source.fields or not (name in source.dropped or is_personal(name))
        if title and is_kept and name not in names:
            names.append(name)
            continue
        names.append(None)
        if name not in source.dropped:
            withheld.append(title or f"cột thứ {place} (không tên)")
    recognised = tuple(name for name in names if name and name in source.fields)
    return _Header(delimiter, tuple(names), recognised, tuple(withheld))


def _no_header(header: _Header, source: Source) -> str:
    seen = (
        f"chỉ nhận ra {', '.join(header.recognised)}" if header.recognised else "không rõ cột nào"
    )
    return (
        f"không có dòng tiêu đề đọc được ở dòng đầu: {seen}, thiếu cột khóa"
        f" {', '.join(source.key)}; hãy thêm dòng tiêu đề hoặc bổ sung tên cột vào tệp tên cột."
    )


def _lines(text: io.TextIOWrapper, header: _Header, lines_before: int) -> Iterator[Line]:
    rows = csv.reader(text, delimiter=header.delimiter, strict=True)
    width = len(header.names)
    while True:
        first_line = lines_before + rows.line_num + 1
        try:
            cells = next(rows, None)
        except csv.Error:
            break
        if cells is None:
            return
        if len(cells) > width:
            yield first_line, None
        elif any(cells) and not all(cell.isspace() for cell in cells if cell):
            yield first_line, _row(header, cells)
    raise Refused(
        f"có dấu ngoặc kép không thành cặp hoặc ô quá dài, ở dòng {first_line}:"
        " hãy sửa dòng đó ở nguồn rồi gửi lại."
    )


def _row(header: _Header, cells: list[str]) -> Mapping[str, object]:
    return {name: cell for name, cell in zip(header.names, cells, strict=False) if name}
