"""A row as it was read -> the texts that are copied into the stage, without personal data."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial

import msgspec

from chiso766.privacy import is_personal, pseudonym
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Kind, Source

# A number token longer than this is left as it is written (1e999999 is not a number anyone means).
_LARGEST_EXPONENT = 30

# No system makes longer keys, and an index of PostgreSQL holds 2,704 bytes.
LONGEST_KEY = 500

# A file that makes up a name for every row, or names without end, must not fill the memory.
_MOST_NAMES = 100
_LONGEST_NAME = 100

Row = Mapping[str, object]
Read = Callable[[object], str | None]


class Unreadable(Exception):
    """A value that has not the shape of its field; rule ``unreadable_line``. Carries no value."""


class Tidy:
    """Turns the rows of one source into the columns of its stage.

    Texts are NFC without blanks around; an empty one is not given (None). Personal data is hashed
    or left out. Fields that the source does not specify are gathered as JSON in ``extra``.
    """

    def __init__(self, source: Source, keys: Sequence[bytes]) -> None:
        self.source = source
        self.unknown: set[str] = set()  # names of unspecified fields that were kept
        self.withheld: set[str] = set()  # and of those that were not, being personal by name
        self.odd_lists: set[str] = set()  # names of lists that hold something else than objects
        self.readers: list[tuple[str, Read]] = [
            (field, self._reader(source, field, kind, keys))
            for field, kind in source.fields.items()
        ]
        self._keys = [list(source.fields).index(field) for field in source.key]
        self._fields = {field.lower(): field for field in source.fields}
        self._dropped = {field.lower() for field in source.dropped}
        self._expected = set(source.fields) | source.dropped

    def columns(self, row: Row | None) -> tuple[str | None, ...]:
        """``extra`` and the fields in the order of the source; raises ``Unreadable``."""
        if row is None:
            raise Unreadable
        unexpected = row.keys() - self._expected
        extra = None
        if unexpected:
            try:
                row, extra = self.sort_out(row, unexpected)
            except RecursionError:  # lists in lists in lists …
                raise Unreadable from None
        values = [read(row.get(field)) for field, read in self.readers]
        if any(len(values[place] or "") > LONGEST_KEY for place in self._keys):
            raise Unreadable
        return (extra, *values)

    def _reader(self, source: Source, field: str, kind: Kind, keys: Sequence[bytes]) -> Read:
        if kind is Kind.LIST:
            items = _item_readers(source.items[field])
            return partial(_list, items=items, note_odd=partial(self.odd_lists.add, field))
        if kind is Kind.HASHED:
            hashed = partial(pseudonym, keys=keys)
            return partial(_hashed, hashed=hashed, remembered=lru_cache(maxsize=100_000)(hashed))
        return text

    def sort_out(self, row: Row, unexpected: set[str]) -> tuple[Row, str | None]:
        """The row with its fields under their own names, and ``extra`` of the unexpected names."""
        known = dict(row)
        extra = {}
        for name in sorted(unexpected):
            field = self._fields.get(name.lower())
            if field:
                known.setdefault(field, row[name])
            elif name.lower() in self._dropped:
                continue
            elif is_personal(name):
                _note(name, self.withheld)
            else:
                _note(name, self.unknown)
                extra[text(name) or ""] = _kept(row[name])
        given = {name: value for name, value in extra.items() if value not in (None, "", [], {})}
        return known, msgspec.json.encode(given).decode() if given else None


def _note(name: str, names: set[str]) -> None:
    if len(names) < _MOST_NAMES:
        names.add(name[:_LONGEST_NAME])


def text(value: object) -> str | None:
    """The text of a single value: NFC, no blanks around, no NUL; None where it is not given."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = _written(value)
    if "\0" in value:  # which PostgreSQL cannot store
        value = value.replace("\0", "")
    value = value.strip()
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    return value or None


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and abs(value.adjusted()) <= _LARGEST_EXPONENT:
        return format(value, "f")
    if isinstance(value, (int, Decimal)):
        return str(value)
    raise Unreadable


def _kept(value: object) -> object:
    """An unspecified value as it is stored: its texts tidy, nothing personal by name in it."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        value = _parsed_or_as_given(value)
    if isinstance(value, dict):
        return {text(name) or "": _kept(v) for name, v in value.items() if not is_personal(name)}
    if isinstance(value, list):
        return [_kept(item) for item in value]
    return text(value)


def _hashed(
    value: object, hashed: Callable[[str], str], remembered: Callable[[str], str]
) -> str | None:
    name = text(value)
    if not name:
        return None
    return remembered(name) if len(name) <= _LONGEST_NAME else hashed(name)


def _item_readers(items: Mapping[str, Kind]) -> dict[str, tuple[str, Read]]:
    return {
        name.lower(): (name, _link if kind is Kind.LINK else text) for name, kind in items.items()
    }


def _link(value: object) -> str | None:
    return "1" if text(value) else None


def _list(
    value: object, items: Mapping[str, tuple[str, Read]], note_odd: Callable[[], None]
) -> str | None:
    """A list of objects as JSON, each reduced to its known items; None where it is empty.

    One object is a list of one. What is no object says nothing and is left out, with a warning.
    """
    if isinstance(value, str):
        value = parsed(value)
    if value is None:
        return None
    given = value if isinstance(value, list) else [value]
    objects = [item for item in given if isinstance(item, dict)]
    if len(objects) < len(given):
        note_odd()
    reduced = [_reduced(item, items) for item in objects]
    return msgspec.json.encode(reduced).decode() if reduced else None


def parsed(cell: str) -> object:
    """The JSON in a cell; None where it is empty."""
    if not cell.strip():
        return None
    try:
        return parse(cell.strip().encode())
    except (Broken, UnicodeError):
        raise Unreadable from None


def _parsed_or_as_given(cell: str) -> object:
    try:
        return parsed(cell)
    except Unreadable:
        return cell


def _reduced(item: Mapping[str, object], items: Mapping[str, tuple[str, Read]]) -> dict[str, str]:
    reduced = {}
    for given_name, value in item.items():
        name, read = items.get(given_name.lower(), (None, None))
        if name and read and (given := read(value)):
            reduced[name] = given
    return reduced
