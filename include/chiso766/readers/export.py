"""What every reader gives: the lines of an export, and what may be said about the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chiso766.errors import ChisoError
from chiso766.readers.header import Header

LONGEST_ROW = 16 << 20
"""Bytes or characters of a row; what is longer is not read into memory."""

Line = tuple[int, Mapping[str, object] | None]
"""Where the row stands (line of a text, row of a sheet, place in an array, from 1), and its values
by field name, or None where it cannot be read."""


class Refused(ChisoError):
    """Why a file cannot be read: one sentence, without any of its values."""


@dataclass(frozen=True)
class Cut:
    """A file cut into its rows, which are not yet taken apart.

    ``rows``: where each stands, and its text (an object of JSON) or its cells; None: it cannot be
    read. ``values``: what ``Line`` has of such a row.
    """

    rows: Iterator[tuple[int, bytes | Sequence[str] | None]]
    values: Callable[[Any], Mapping[str, object] | None]

    def lines(self) -> Iterator[Line]:
        for number, row in self.rows:
            yield number, None if row is None else self.values(row)


@dataclass(frozen=True)
class Export:
    """The lines of one file, read as they are asked for.

    ``form``: how the file is read, for people, such as ``CSV, UTF-8, ngăn cách bằng ";"``.
    ``header``: of a table; None for objects, which are complete in themselves. ``cut``: the same
    lines, where they can be had in their raw state; only one of the two can be read.
    """

    lines: Iterator[Line]
    form: str
    header: Header | None = None
    cut: Cut | None = None

    @property
    def columns(self) -> frozenset[str] | None:
        """The fields and unspecified titles that a table has."""
        if self.header is None:
            return None
        return frozenset(name for name in self.header.names if name)

    @property
    def withheld(self) -> tuple[str, ...]:
        """Titles of columns whose values are not read, though nobody said they are personal."""
        return self.header.withheld if self.header else ()
