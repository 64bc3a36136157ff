"""Cells of spreadsheets -> the texts that the stage reads, by the kind of their field.

Typed numbers and dates become plain texts; text in Vietnamese style (``1.234,5``) becomes a plain
number where the field is one, and an Excel serial becomes a date where the field is a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from chiso766.sources import Kind


class Uncomputed(Exception):
    """Raised where the value of a formula is asked for that was never computed."""


UNCOMPUTED = Uncomputed()
Cell = str | bool | int | float | Uncomputed
Row = dict[int, Cell]
"""The cells of a row by column (from 0), in the order of the columns; empty ones are not there."""

EPOCH_1900 = datetime(1899, 12, 30)  # as if 1900 had been the leap year that Excel takes it for
EPOCH_1904 = datetime(1904, 1, 1)

_SERIAL_TEXT = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 99_999  # 1954 to 2173; 8 or 14 digits are a date as written
# Groups of three, so "1.23" and "0.500" are decimals and "1.234" is none.
_WITH_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?")


def as_time(serial: float, epoch: datetime) -> str | None:
    """``yyyy-MM-dd[ HH:mm:ss]`` of a serial, or ``HH:mm:ss`` of a part of a day; None: neither."""
    if 0 <= serial < 1:
        return f"{epoch + _duration(serial):%H:%M:%S}"
    try:
        time = epoch + _duration(serial)
    except (OverflowError, ValueError):  # infinite, not a number, after the year 9999
        return None
    is_day = time.hour == time.minute == time.second == 0
    return f"{time:%Y-%m-%d}" if is_day else f"{time:%Y-%m-%d %H:%M:%S}"


def _duration(days: float) -> timedelta:
    return timedelta(seconds=round(days * 86_400))


def plain(cell: Cell) -> str:
    """The text of a cell as its field were a text: 123.0 is 123, 0.1 + 0.2 is 0.3."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return format(Decimal(format(cell, ".15g")), "f")  # Excel knows 15 digits
    if isinstance(cell, Uncomputed):
        raise cell
    return str(cell)


def reader(kind: Kind | None, epoch: datetime) -> Callable[[Cell], str]:
    """How the cells of a column are read; None: a column that its source does not specify."""
    if kind in (Kind.TIME, Kind.DUE_TIME):
        return lambda cell: _time(cell, epoch)
    if kind in (Kind.NUMBER, Kind.CODE):
        return _number
    return plain


def _time(cell: Cell, epoch: datetime) -> str:
    if isinstance(cell, (int, float)):
        serial = float(cell)
    elif isinstance(cell, str) and _SERIAL_TEXT.fullmatch(cell.strip()):
        serial = float(cell.replace(",", "."))
    else:
        return " ".join(plain(cell).split())  # the hour may stand on a line of its own
    is_serial = _FIRST_SERIAL <= serial <= _LAST_SERIAL
    return (as_time(serial, epoch) if is_serial else None) or plain(cell)


def _number(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, str) and _WITH_THOUSANDS.fullmatch(cell.strip()):
        return cell.replace(".", "").replace(",", ".")
    return plain(cell)
