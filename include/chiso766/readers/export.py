"""What every reader gives: the lines of an export, and what may be said about the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chiso766.errors import ChisoError

Line = tuple[int, Mapping[str, object] | None]
"""Where the row stands (line of a text, place in an array, from 1), and its values by field name,
or None where it cannot be read."""


class Refused(ChisoError):
    """Why a file cannot be read: one sentence, without any of its values."""


@dataclass(frozen=True)
class Export:
    """The lines of one file, read as they are asked for.

    ``columns``: the fields and unspecified titles that a table has, None for objects, which are
    complete in themselves. ``withheld``: titles of columns whose values are not read.
    """

    lines: Iterator[Line]
    columns: frozenset[str] | None = None
    withheld: tuple[str, ...] = ()
