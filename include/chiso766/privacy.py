"""Personal data is dropped or hashed here, between the landing area and the database.

Design: architecture.md, "personal data"; which fields are personal: ``sources.py``.
"""

from __future__ import annotations

import hmac
from functools import lru_cache

from chiso766.names import fold
from chiso766.sources import SOURCES, Kind

_PERSONAL = frozenset(
    fold(name)
    for source in SOURCES.values()
    for name in (
        *source.dropped,
        *(field for field, kind in source.fields.items() if kind is Kind.HASHED),
    )
)

# Parts of names that tell of a person, for fields and titles that no source specifies.
_PERSONAL_PARTS = (
    "hoten",
    "hovaten",
    "tennguoi",
    "nguoinop",
    "nguoigui",
    "cccd",
    "cmnd",
    "cmtnd",
    "cancuoc",
    "chungminh",
    "dinhdanhcanhan",
    "hochieu",
    "ngaysinh",
    "dienthoai",
    "sodt",
    "email",
    "thudientu",
    "diachi",
)


@lru_cache(maxsize=10_000)
def is_personal(name: str) -> bool:
    """Whether a field that its source does not specify must not be kept, judged by its name."""
    folded = fold(name)
    return folded in _PERSONAL or any(part in folded for part in _PERSONAL_PARTS)


def pseudonym(name: str, secret: bytes) -> str:
    """The keyed hash (HMAC-SHA-256, hex) of a name; spelling of case and blanks does not matter."""
    return hmac.digest(secret, " ".join(name.casefold().split()).encode(), "sha256").hex()
