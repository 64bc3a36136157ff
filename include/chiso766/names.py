"""Names of fields and column titles, compared as people read them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_A_LETTER = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def fold(name: str) -> str:
    """A name without case, marks, blanks and punctuation: ``Mã hồ sơ`` and ``MaHoSo`` are equal."""
    letters = unicodedata.normalize("NFD", name.casefold()).replace("đ", "d")
    return _NOT_A_LETTER.sub("", "".join(c for c in letters if not unicodedata.combining(c)))


def on_one_line(text: str) -> str:
    """A text without control characters, its words parted by single blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
