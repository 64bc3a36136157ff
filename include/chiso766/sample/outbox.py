"""What is to be exported in which night.

An item knows itself as of any moment; a night's export asks the items that changed that day for
their row as of the midnight that ends it. So every version of a row is what was known then, and no
row is kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Row = dict[str, object]
"""One row of an export: field of the contract -> text, number or list of objects."""


class Item(Protocol):
    """Something a source exports."""

    def row(self, until: int) -> Row:
        """The row as known just before the moment ``until``."""


class Outbox:
    """Items by the night that exports them; the first night exports all that happened before it."""

    def __init__(self, first_night: int, last_night: int) -> None:
        self._first = first_night
        self._last = last_night
        self._nights: dict[int, dict[str, dict[Item, None]]] = {}

    def add(self, source: str, day: int, item: Item) -> None:
        """Export the item in the night of the day; twice the same night is once."""
        if day <= self._last:
            night = self._nights.setdefault(max(day, self._first), {})
            night.setdefault(source, {})[item] = None

    def take(self, night: int) -> Mapping[str, list[Item]]:
        """The items of a night by source, in the order in which they were added."""
        return {source: list(items) for source, items in self._nights.pop(night, {}).items()}
