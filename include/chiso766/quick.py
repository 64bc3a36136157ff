"""The quick way of rows that are as they should be: the same lines for COPY in a part of the time.

What comes again and again in the cells is remembered, and objects of JSON are read straight into
their known fields. Whatever is not plain (a field that nobody specified, a value of another type, a
list that is none) is left to ``rows.Tidy``: a row comes out the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from chiso766.copied import NULL, Convert, Copied, Write, assembled, escaped
from chiso766.memo import Memo
from chiso766.readers.export import Export
from chiso766.rows import LONGEST_KEY, Read, Tidy, Unreadable, link, text
from chiso766.sources import Kind, Source

# What a value may be that is not a list; all else is unusual.
_Single = str | int | None
_NOT_PLAIN = (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Quick = Callable[[int, Any], str]
"""Line number, row as it was cut -> line for COPY; raises one of ``_NOT_PLAIN``."""


def copied_lines(export: Export, tidy: Tidy, copied: Copied) -> Iterator[str]:
    """The lines for COPY of all rows of a file; raises what its reader raises."""
    quick = _quick(export, tidy, copied)
    if export.cut is None or quick is None:
        for number, values in export.lines:
            yield _carefully(number, values, tidy, copied)
        return
    for number, row in export.cut.rows:
        try:
            line = quick(number, row)
        except _NOT_PLAIN:
            values = None if row is None else export.cut.values(row)
            line = _carefully(number, values, tidy, copied)
        yield line


def _carefully(number: int, values: Any, tidy: Tidy, copied: Copied) -> str:
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
    decode = msgspec.json.Decoder(_struct(types, source.dropped)).decode
    values = attrgetter(*source.fields)
    writers = _writers(tidy, copied)

    def quick(number: int, row: bytes | None) -> str:
        if row is None:
            raise Unreadable
        given = values(decode(row))
        fields = [write(value) for write, value in zip(writers, given, strict=True)]
        return assembled(number, NULL, fields)

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
        _writer(tidy.source, field, _composed(read, write), read, convert)
        for (field, read), write, convert in written
    ]


def _composed(read: Read, write: Write) -> Callable[[Any], str]:
    return lambda value: write(read(value))


def _writer(
    source: Source, field: str, slow: Callable[[Any], str], read: Read, convert: Convert | None
) -> Callable[[Any], str]:
    if field in source.items:
        return _list_writer(source, field)
    if field in source.key:
        return _key_writer(slow, read)
    if source.fields[field] in (Kind.TIME, Kind.DUE_TIME) and convert:
        return _time_writer(slow, convert)
    return Memo(slow).__getitem__


def _key_writer(slow: Callable[[Any], str], read: Read) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        if (
            isinstance(value, str)
            and len(value) > LONGEST_KEY
            and len(read(value) or "") > LONGEST_KEY
        ):
            raise Unreadable
        return slow(value)

    return write


def _time_writer(slow: Callable[[Any], str], convert: Convert) -> Callable[[Any], str]:
    """What can be converted as it is, is tidy."""

    def write(value: Any) -> str:
        if isinstance(value, str) and value:
            converted = convert(value)
            if converted:
                return f"{value}\t{converted}"
        return slow(value)

    return write


def _list_writer(source: Source, field: str) -> Callable[[Any], str]:
    """Of a list of objects, or a cell that holds one, without other items than those named."""
    item = _item(source, field)
    decode = msgspec.json.Decoder(list[item]).decode  # type: ignore[valid-type]
    names = tuple(source.items[field])
    values = attrgetter(*names) if len(names) > 1 else lambda item: (getattr(item, names[0]),)
    readers = [
        link if kind is Kind.LINK else Memo(text).__getitem__
        for kind in source.items[field].values()
    ]

    def of_items(items: Sequence[Any]) -> str:
        reduced = [
            {
                name: given
                for name, read, value in zip(names, readers, values(item), strict=True)
                if (given := read(value))
            }
            for item in items
        ]
        return escaped(msgspec.json.encode(reduced).decode()) if reduced else NULL

    def of_cell(cell: str) -> str:
        return of_items(decode(cell)) if cell.strip() else NULL

    remembered = Memo(of_cell)

    def write(value: Any) -> str:
        if value is None:
            return NULL
        return remembered[value] if isinstance(value, str) else of_items(value)

    return write


def _item(source: Source, field: str) -> type[msgspec.Struct]:
    return _struct(dict.fromkeys(source.items[field], _Single), source.dropped_items)


def _struct(types: Mapping[str, Any], dropped: Iterable[str]) -> type[msgspec.Struct]:
    """An object with these fields and no others; ``dropped`` may hold anything."""
    fields = [(name, type_, None) for name, type_ in types.items()]
    fields += [(name, Any, None) for name in dropped if name not in types]
    return msgspec.defstruct("Plain", fields, forbid_unknown_fields=True)
