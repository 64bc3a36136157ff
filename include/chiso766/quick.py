"""The quick way of rows that are as they should be: the same lines for COPY in a part of the time.

What comes again and again in the cells is remembered, and objects of JSON are read straight into
their known fields. Whatever is not plain (a field that nobody specified, a value of another type, a
list that is none) is left to ``rows.Tidy``: a row comes out the same either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from chiso766.copied import NULL, Convert, Copied, Times, Write, assembled, escaped
from chiso766.memo import Memo
from chiso766.readers.export import Export
from chiso766.rows import LONGEST_KEY, Read, Tidy, Unreadable, text
from chiso766.sources import Kind, Source

# What a value may be that is not a list; all else is unusual.
_Single = str | int | None
_NOT_PLAIN = (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# What PostgreSQL cannot store, as JSON writes it; it is no sign of a link being given.
_NUL = r"\u0000"
_NUL_BYTES = _NUL.encode()
# Letters without marks, digits and signs that COPY takes as they are.
_PLAIN_KEY = re.compile(rf"[!-\[\]-~]{{1,{LONGEST_KEY}}}").fullmatch

Quick = Callable[[int, Any], str]
"""Line number, row as it was cut -> line for COPY; raises one of ``_NOT_PLAIN``."""


def copied_lines(export: Export, tidy: Tidy, copied: Copied) -> Iterator[str]:
    """The lines for COPY of all rows of a file; raises what its reader raises."""
    quick = _quick(export, tidy, copied)
    if export.cut is None or quick is None:
        for number, values in export.lines:
            yield careful_line(number, values, tidy, copied)
        return
    for number, row in export.cut.rows:
        try:
            line = quick(number, row)
        except _NOT_PLAIN:
            values = None if row is None else export.cut.values(row)
            line = careful_line(number, values, tidy, copied)
        yield line


def careful_line(number: int, values: Any, tidy: Tidy, copied: Copied) -> str:
    """The line for COPY of a row, by its field names; None where it could not be read."""
    try:
        return copied.line(number, tidy.columns(values))
    except Unreadable:
        return copied.unreadable(number)


def _quick(export: Export, tidy: Tidy, copied: Copied) -> Quick | None:
    if export.cut is None:
        return None
    if export.header is None:
        return _object(tidy, copied)
    return _cells(export.header.names, tidy, copied)


def _object(tidy: Tidy, copied: Copied) -> Quick:
    """Of a line of JSONL: an object that has no other fields than those of its source."""
    source = tidy.source
    types: dict[str, Any] = dict.fromkeys(source.fields, _Single)
    for field in source.items:
        types[field] = list[_item(source, field)] | str | None  # type: ignore[misc]
    fields = [(field, type_, None) for field, type_ in types.items()]
    decode = msgspec.json.Decoder(_struct(fields, source.dropped)).decode
    values = attrgetter(*source.fields)
    writers = _writers(tidy, copied)

    def quick(number: int, row: bytes | None) -> str:
        if row is None or _NUL_BYTES in row:
            raise Unreadable
        given = values(decode(row))
        written = [write(value) for write, value in zip(writers, given, strict=True)]
        return assembled(number, NULL, written)

    return quick


def _cells(names: Sequence[str | None], tidy: Tidy, copied: Copied) -> Quick | None:
    """Of a row of a table; one that is shorter than the header is unusual."""
    fields = tidy.source.fields
    places = {name: place for place, name in enumerate(names) if name}
    others = {name: place for name, place in places.items() if name not in fields}
    if {name.lower() for name in others} & {field.lower() for field in fields}:
        return None
    # What the table has no column for is picked from behind its last one.
    pick = itemgetter(*(places.get(field, len(names)) for field in fields))
    writers = _writers(tidy, copied)

    def quick(number: int, row: Sequence[str] | None) -> str:
        if row is None or len(row) < len(names):
            raise Unreadable
        extra = None
        if others:
            given = {name: row[place] for name, place in others.items()}
            _, extra = tidy.sort_out(given, set(given))
        cells = pick((*row, None))
        written = [write(cell) for write, cell in zip(writers, cells, strict=True)]
        return assembled(number, escaped(extra), written)

    return quick


def _writers(tidy: Tidy, copied: Copied) -> list[Callable[[Any], str]]:
    """Of each field what writes a value as it was given."""
    written = zip(tidy.readers, copied.writers, copied.conversions, strict=True)
    return [
        _writer(tidy.source, field, _slow(read, write, field in tidy.source.key), convert)
        for (field, read), write, convert in written
    ]


def _slow(read: Read, write: Write, is_key: bool) -> Callable[[Any], str]:
    def write_slowly(value: Any) -> str:
        given = read(value)
        if is_key and len(given or "") > LONGEST_KEY:
            raise Unreadable
        return write(given)

    return write_slowly


def _writer(
    source: Source, field: str, slow: Callable[[Any], str], convert: Convert | None
) -> Callable[[Any], str]:
    if field in source.items:
        return _list_writer(source, field)
    if isinstance(convert, Times):
        return convert.writer(Memo(slow).__getitem__)
    if field in source.key and convert is None:
        return _key_writer(slow)
    return Memo(slow).__getitem__


def _key_writer(slow: Callable[[Any], str]) -> Callable[[Any], str]:
    """Keys do not repeat; most are such that nothing has to be done."""

    def write(value: Any) -> str:
        if isinstance(value, str) and _PLAIN_KEY(value):
            return value
        return slow(value)

    return write


def _list_writer(source: Source, field: str) -> Callable[[Any], str]:
    """Of a list of objects, or a cell that holds one, without other items than those named.

    Lists do not repeat, since they hold links, but their objects do without them.
    """
    kinds = source.items[field]
    decode = msgspec.json.Decoder(list[_item(source, field)]).decode  # type: ignore[misc]
    links = [name for name, kind in kinds.items() if kind is Kind.LINK]
    others = [name for name in kinds if name not in links]
    pick_links, pick_others = _picker(links), _picker(others)

    def of_item(picked: tuple[tuple[bool, ...], tuple[Any, ...]]) -> str:
        given = {name: "1" for name, is_given in zip(links, picked[0], strict=True) if is_given}
        texts = zip(others, map(text, picked[1]), strict=True)
        given |= {name: value for name, value in texts if value}
        return escaped(msgspec.json.encode(given).decode())

    items = Memo(of_item)

    def of_list(given: Sequence[Any]) -> str:
        if not given:
            return NULL
        written = [
            items[tuple(map(bool, map(str.strip, pick_links(item)))), pick_others(item)]
            for item in given
        ]
        return f"[{','.join(written)}]"

    def of_cell(cell: str) -> str:
        if _NUL in cell:
            raise Unreadable
        return of_list(decode(cell)) if cell.strip() else NULL

    cells = Memo(of_cell)

    def write(value: Any) -> str:
        if value is None:
            return NULL
        return cells[value] if isinstance(value, str) else of_list(value)

    return write


def _picker(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """As ``attrgetter``, but always a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda item: tuple(getattr(item, name) for name in names)


def _item(source: Source, field: str) -> type[msgspec.Struct]:
    """An object in a list; a link is a text or it is not there."""
    fields: list[Any] = [
        (name, str, "") if kind is Kind.LINK else (name, _Single, None)
        for name, kind in source.items[field].items()
    ]
    return _struct(fields, source.dropped_items)


def _struct(fields: Iterable[Any], dropped: Iterable[str]) -> type[msgspec.Struct]:
    """An object with these fields and no others; ``dropped`` may hold anything."""
    others = [(name, Any, None) for name in dropped]
    return msgspec.defstruct("Plain", [*fields, *others], forbid_unknown_fields=True)
