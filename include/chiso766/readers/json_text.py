"""One JSON value from its bytes; numbers that are not whole keep their digits."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import msgspec


def _decimal(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits
        return digits


_decode = msgspec.json.Decoder(float_hook=_decimal).decode

# Half of a surrogate pair, left where a system cut a text at a length; \\ and whole pairs match
# too, to be stepped over.
_HALF_PAIR = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class Broken(Exception):
    """The bytes are not one JSON value. Carries no part of them."""


def parse(data: bytes) -> object:
    """The value; raises ``Broken``, or ``UnicodeDecodeError`` where it is not UTF-8."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError):
        data.decode()
    if rb"\u" in data:
        return _parse_repaired(data)
    raise Broken


def _parse_repaired(data: bytes) -> object:
    try:
        return _decode(_HALF_PAIR.sub(_without_half, data))
    except (msgspec.DecodeError, RecursionError):
        raise Broken from None


def _without_half(match: re.Match[bytes]) -> bytes:
    return match[0] if len(match[0]) in (2, 12) else rb"\ufffd"
