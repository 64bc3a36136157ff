"""Rows as the lines of text that COPY reads into the stage (``load.copy_into_stage``).

A field that is no text is written twice, as given and as its value. What stands in one of the usual
forms is converted here, as ``sql/warehouse.sql`` (``convert``) does it; of any other form the value
stays empty, and ``load.convert_unusual`` asks the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from chiso766.memo import Memo
from chiso766.sources import Kind, Source

NULL = r"\N"
Write = Callable[[str | None], str]
Convert = Callable[[str], str | None]
"""A tidy text -> the value it stands for; None where its form is unusual."""

_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_DAY = re.compile(
    "(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
    "|(?P<y2>[0-9]{4})-(?P<m2>[0-9]{2})-(?P<d2>[0-9]{2})"
    "|(?P<d3>[0-9]{2})/(?P<m3>[0-9]{2})/(?P<y3>[0-9]{4})"
)
_CLOCK = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
# The parts of a time without signs between them, and how they are written with signs.
_HOURS = {
    f"{hour:02}{minute:02}": f" {hour:02}:{minute:02}" for hour in range(24) for minute in range(60)
}
_SECONDS = {f"{second:02}": f":{second:02}" for second in range(60)}
_CODE = re.compile("([0-9]{1,9})(?:[.,]0+)?")
_NUMBER = re.compile("([0-9]{1,100})(?:[.,]([0-9]{1,100}))?")


class Copied:
    """Writes the rows of one source."""

    def __init__(self, source: Source) -> None:
        self.has_unusual = False  # whether a value was left to the database
        self.conversions = [_conversion(kind) for kind in source.fields.values()]
        self.writers: list[Write] = [self._writer(convert) for convert in self.conversions]
        self._unreadable = "\t".join(write(None) for write in self.writers)

    def line(self, number: int, columns: Sequence[str | None]) -> str:
        """The line of a row; ``columns``: ``extra`` and the fields in the order of the source."""
        fields = [write(text) for write, text in zip(self.writers, columns[1:], strict=True)]
        return assembled(number, escaped(columns[0]), fields)

    def unreadable(self, number: int) -> str:
        return f"{number}\tt\t{NULL}\t{self._unreadable}\n"

    def _writer(self, convert: Convert | None) -> Write:
        if convert is None:
            return escaped

        def write(text: str | None) -> str:
            if text is None:
                return f"{NULL}\t{NULL}"
            value = convert(text)
            if value is None:
                self.has_unusual = True
                return f"{escaped(text)}\t{NULL}"
            return f"{text}\t{value}"  # the usual forms hold nothing to be escaped

        return write


def assembled(number: int, extra: str, fields: Sequence[str]) -> str:
    """The line of a row that could be read, of its columns as they are written."""
    written = "\t".join(fields)
    return f"{number}\t{NULL}\t{extra}\t{written}\n"


def escaped(text: str | None) -> str:
    if text is None:
        return NULL
    for sign, written in _ESCAPES.items():
        if sign in text:
            text = text.replace(sign, written)
    return text


class Times:
    """Converts times in the forms of contract/exports.md but those with fractions or an offset.

    ``of_a_day_alone``: the time that a day without one stands for. Days and times of the day repeat
    where whole times do not.
    """

    def __init__(self, of_a_day_alone: str) -> None:
        self._of_a_day_alone = of_a_day_alone
        self._days = Memo(_day)
        self._heads = Memo(self._head)
        self._clocks = Memo(_clock)

    def __call__(self, text: str) -> str | None:
        if len(text) == 14:
            try:
                return self._days[text[:8]] + _HOURS[text[8:12]] + _SECONDS[text[12:]]  # type: ignore[no-any-return]
            except (KeyError, TypeError):  # no such time, no such day
                return None
        if len(text) > 10:
            day, clock = self._heads[text[:11]], self._clocks[text[11:]]
        else:
            day, clock = self._days[text], self._of_a_day_alone
        return f"{day} {clock}" if day and clock else None

    def writer(self, other: Callable[[Any], str]) -> Callable[[Any], str]:
        """Writes the time in a cell as given and as its value; ``other`` writes what is none.

        All that is done for every time is done here, without a call: files hold millions of them.
        """
        days = self._days

        def write(value: Any) -> str:
            if value is None or value == "":
                return f"{NULL}\t{NULL}"
            try:
                written: str = (
                    value + "\t" + days[value[:8]] + _HOURS[value[8:12]] + _SECONDS[value[12:]]
                )
            except (KeyError, TypeError):
                return other(value)
            return written

        return write

    def _head(self, text: str) -> str | None:
        """The day before the sign that parts it from its time."""
        is_parted = text[10] == " " or (text[10] == "T" and text[4] == "-")
        return self._days[text[:10]] if is_parted else None


def _day(text: str) -> str | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = (
        int(match[part] or match[f"{part}2"] or match[f"{part}3"]) for part in "ymd"
    )
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _clock(text: str) -> str | None:
    return text if _CLOCK.fullmatch(text) else None


def _code(text: str) -> str | None:
    match = _CODE.fullmatch(text)
    return str(int(match[1])) if match else None


def _number(text: str) -> str | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    decimals = (match[2] or "").rstrip("0")
    return f"{match[1]}.{decimals}" if decimals else match[1]


def _conversion(kind: Kind) -> Convert | None:
    """None: the field is stored as it is given."""
    match kind:
        case Kind.CODE:
            return _code
        case Kind.NUMBER:
            return _number
        case Kind.TIME:
            return Times("00:00:00")
        case Kind.DUE_TIME:
            return Times("23:59:59")
    return None
