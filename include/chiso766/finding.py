"""What ./chiso doctor says: one sentence of what is wrong and where, one of what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    LOOK = "nên xem"
    BROKEN = "hỏng"


@dataclass(frozen=True)
class Finding:
    """``what``: what is wrong and where; ``todo``: what to do. Both are Vietnamese sentences."""

    level: Level
    what: str
    todo: str


Check = Callable[[], Iterator[Finding]]


def look(what: str, todo: str) -> Finding:
    """Something that works, and that a person should look at."""
    return Finding(Level.LOOK, what, todo)


def broken(what: str, todo: str) -> Finding:
    """Something that does not work, or tonight will not."""
    return Finding(Level.BROKEN, what, todo)
