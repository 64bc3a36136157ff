"""Personal data is dropped or hashed here, between the landing area and the database.

Design: architecture.md, "personal data"; which fields are personal: ``sources.py``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
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

# Whole names that tell of a person; parts of them would catch questions of surveys, too.
_PERSONAL_NAMES = frozenset(
    {
        "ten",
        "tencongdan",
        "congdan",
        "tencanhan",
        "canhan",
        "nguoidan",
        "tentochuccanhan",
        "tochuccanhan",
        "tochuccanhannophoso",
        "chusohuu",
        "nguoiduoccap",
        "nguoiyeucau",
        "nguoidaidien",
        "nguoiphananh",
        "nguoithuchien",
        "nguoiphutrach",
        "nguoitiepnhan",
        "nguoiky",
        "lanhdaoky",
        "canbo",
        "congchuc",
        "chuyenvien",
        "canbotiepnhan",
        "canbothuly",
        "congchuctiepnhan",
        "chuyenvienthuly",
        "masothue",
        "sogiayto",
        "sogttt",
        "giaytotuythan",
        "socc",
        "dt",
        "tel",
        "mobile",
        "zalo",
        "lienhe",
        "quequan",
    }
)

# Parts of names that tell of a person, for fields and titles that no source specifies.
_PERSONAL_PARTS = (
    "hoten",
    "hovaten",
    "tennguoi",
    "chuhoso",
    "nguoinop",
    "nguoigui",
    "nguoinhan",
    "nguoixuly",
    "nguoilienhe",
    "cccd",
    "cmnd",
    "cmtnd",
    "cancuoc",
    "chungminh",
    "dinhdanhcanhan",
    "sodinhdanh",
    "hochieu",
    "ngaysinh",
    "namsinh",
    "dienthoai",
    "sodt",
    "sdt",
    "phone",
    "sotaikhoan",
    "email",
    "thudientu",
    "diachi",
    "cutru",
    "thuongtru",
    "tamtru",
)


# What is longer is no name: it may hold anything, and remembering it takes memory.
_LONGEST_NAME = 1_000


def is_personal(name: str) -> bool:
    """Whether a field that its source does not specify must not be kept, judged by its name."""
    return len(name) > _LONGEST_NAME or _sounds_personal(name)


@lru_cache(maxsize=10_000)
def _sounds_personal(name: str) -> bool:
    folded = fold(name).replace("diachinh", "")  # the land register, no address
    return folded in (_PERSONAL | _PERSONAL_NAMES) or any(
        part in folded for part in _PERSONAL_PARTS
    )


def pseudonym(name: str, keys: Sequence[bytes]) -> str:
    """The keyed hash (64 hex digits) of a name; spelling of case and blanks does not matter.

    ``keys``: the chain, oldest first.
    """
    return hashed(" ".join(name.casefold().split()), keys)


def hashed(text: str, keys: Sequence[bytes]) -> str:
    """The HMAC-SHA-256 of a text by the first key, of that by the next, and so on.

    So a pseudonym follows a chain that grows, though nobody knows its name any more; and who has
    the older keys alone cannot try names.
    """
    for key in keys:
        text = hmac.digest(key, text.encode(), "sha256").hex()
    return text
