"""What every connector gives: the files that a place offers, each with a way to bring it here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

# Names under which programs write a file that is not whole yet.
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
_LONGEST_NAME = 200  # characters
_ENDING = re.compile(r"(\.\w{1,5}){0,2}$", re.ASCII)

# How old a time stamp must be before it is believed, in seconds. A file that is written twice
# within one tick of its clock (up to 2 s) shows the same time, and two machines' clocks differ.
SETTLED_S = 60


class StillChanging(Exception):
    """The file is being written, or was replaced while it was read: the next run will take it."""


@dataclass(frozen=True)
class Offered:
    """A file that a place offers.

    ``source``: None for what is no file of any. ``name``: as the place says it; never used as a
    path of this machine. ``place``: for people.
    ``version``: differs wherever the content may differ; None where it could change unnoticed.
    ``brought``: gives a local path to the whole content; raises ``StillChanging``, ``ChisoError``.
    """

    day: date
    source: str | None
    name: str
    place: str
    version: str | None
    brought: Callable[[], AbstractContextManager[Path]]


def is_passed_over(name: str) -> bool:
    """Whether a file is hidden, or not whole yet, judged by its name."""
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def printable(name: str) -> str:
    """A name as it is registered and shown, of whatever a file system or a server gave.

    Every character that does not print, ``/`` and ``\\`` become ``\ufffd``, and a long name is
    shortened; its hash then keeps it apart from others and its ending stays.
    """
    clean = "".join(c if c.isprintable() and c not in "/\\" else "\ufffd" for c in name)
    if clean == name and len(name) <= _LONGEST_NAME:
        return name
    match = _ENDING.search(clean)
    ending = match[0] if match else ""
    stem = clean.removesuffix(ending)[:_LONGEST_NAME]
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{stem}~{mark}{ending}"
