"""Remembering what comes again and again in the cells of an export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# A file that makes up a value for every cell must not fill the memory.
_MOST = 4_000
_LONGEST = 200  # characters


class Memo(dict[Any, Any]):
    """``memo[given]`` is ``make(given)``, made once while there is room; makes anew what is long.

    ``given``: a text, None, an integer, or a tuple of such.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __missing__(self, given: Any) -> Any:
        made = self._make(given)
        if len(self) < _MOST and _length(given) <= _LONGEST:
            self[given] = made
        return made


def _length(given: Any) -> int:
    if isinstance(given, tuple):
        return sum(map(_length, given))
    return len(given) if isinstance(given, str) else 0
