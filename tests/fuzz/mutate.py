"""Ways to spoil the bytes of a file, or the values of its rows."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

Row = dict[str, Any]

# What readers stumble over.
_TOKENS = (
    b'"', b'""', b"'", b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"\0", b"\x1a", b"\\", b"\\u",
    b"\\ud800", b"{", b"}", b"[", b"]", b"[[[[[[", b"{}", b"null", b"NaN", b"1e999999", b"-0",
    b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80",
    b"<", b">", b"&", b"&#0;", b"&#xFFFFFFFF;", b"&lol;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"<tr>", b"<td>", b"</table>", b"<td colspan=999999999>", b"<![CDATA[", b"]]>", b"<!--",
    b'r="XFD1048576"', b'r="A0"', b't="s"', b"<f>1+1</f>", b"<v>-1</v>", b"STT", b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"=cmd|' /C calc'!A0", b"'; drop table raw.units; --",
    b"9" * 400, b"A" * 5000,
)  # fmt: skip
_VALUES = (
    "", " ", "\u00a0", "\0", "a\0b", "\n", '"', "'", "\\", "=1+1", "+1", "-1", "@a", "%s", "{0}",
    "'; drop table raw.units; --", "../../etc/passwd", "\U0010ffff", "\u202e", "ế" * 300,
    "9" * 400, "1e5", "NaN", "-0", "0x10", "1.234", "1.234,5", "99999999", "20260231", "31/12/9999",
    "2026-11-20T25:00", "[", "[[", "[{}]", '[{"MaCSDL": []}]', "{", "true", "A" * 70_000,
    "Tổng cộng", "STT", "(1)", "H24.999-261120-0007", "H24.999-261120-٣",
)  # fmt: skip


def spoil_values(random: Random, rows: list[Row]) -> list[Row]:
    """The rows with hostile values in some fields, shape kept: as many rows, the same fields."""
    spoilt = [dict(row) for row in rows]
    for _ in range(random.randint(1, 6)):
        row = random.choice(spoilt)
        row[random.choice(list(row))] = random.choice(_VALUES)
    return spoilt


def spoil_bytes(random: Random, data: bytes, other: bytes) -> bytes:
    """The file with bytes changed, also inside of what is packed; ``other``: to splice with."""
    if data[:2] == b"\x1f\x8b" and random.random() < 0.7:
        return gzip.compress(_spoil(random, gzip.decompress(data), other), mtime=0)
    if data[:2] == b"PK" and random.random() < 0.8:
        return _spoil_member(random, data)
    return _spoil(random, data, other)


def _spoil_member(random: Random, data: bytes) -> bytes:
    given = zipfile.ZipFile(io.BytesIO(data))
    target = random.choice([n for n in given.namelist() if random.random() < 0.5 or "sheet" in n])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as spoilt:
        for name in given.namelist():
            content = given.read(name)
            if name != target:
                spoilt.writestr(name, content)
            elif random.random() < 0.9:  # else the member is missing
                spoilt.writestr(name, _spoil(random, content, content))
    return file.getvalue()


def _spoil(random: Random, data: bytes, other: bytes) -> bytes:
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        data = random.choice(_CHANGES)(random, data, other)
    return data


def _flip(random: Random, data: bytes, other: bytes) -> bytes:
    spoilt = bytearray(data or b"\0")
    place = random.randrange(len(spoilt))
    spoilt[place] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def _insert(random: Random, data: bytes, other: bytes) -> bytes:
    place = random.randint(0, len(data))
    return data[:place] + random.choice(_TOKENS) + data[place:]


def _overwrite(random: Random, data: bytes, other: bytes) -> bytes:
    place, token = random.randint(0, len(data)), random.choice(_TOKENS)
    return data[:place] + token + data[place + len(token) :]


def _cut_out(random: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def _double(random: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 3, 40)) + data[end:]


def _cut_off(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: random.randint(0, len(data))]


def _splice(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


_CHANGES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip,
    _flip,
    _insert,
    _insert,
    _overwrite,
    _cut_out,
    _double,
    _cut_off,
    _splice,
)


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 4, 30, 500)))
