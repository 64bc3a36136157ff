"""``.json``: the national message ``{"service": …, "madonvi": …, "data": [ … ]}`` or a bare array.

The array is cut into its elements as it is read, so memory holds one element, not the file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from chiso766.readers.encoding import require_utf_8
from chiso766.readers.export import LONGEST_ROW, Export, Line, Refused
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Source

_CHUNK = 1 << 20
_DEEPEST_VALUE = 12

_STRING = rb'"(?:[^"\\]++|\\.)*+"'


def _value_pattern() -> re.Pattern[bytes]:
    """A value by its quotes and brackets alone; whether it is JSON, its parser says."""
    inner = rb'[^"{}\[\]]++|' + _STRING
    for _ in range(_DEEPEST_VALUE):
        nested = rb"[{\[](?:" + inner + rb")*+[}\]]"
        inner = rb'[^"{}\[\]]++|' + _STRING + rb"|" + nested
    return re.compile(nested + rb"|" + _STRING + rb'|[^\s"{}\[\],:]++', re.DOTALL)


_VALUE = _value_pattern()
_BLANKS = re.compile(rb"\s*+")


def read(file: io.BufferedReader, source: Source) -> Export:
    """The objects of the array; an element that is not an object is unreadable."""
    require_utf_8(file)
    return Export(lines=_lines(_Text(file)), form="JSON, UTF-8")


class _Text:
    """The file as a window that moves on behind what was taken; a value that needs it widens it."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._window = b""
        self._at = 0
        self._ended = False

    def sign(self, signs: bytes) -> bytes:
        """The next sign, if it is one of these, stepping behind it; empty: it is another."""
        self._skip_blanks()
        sign = self._window[self._at : self._at + 1]
        if sign not in signs:
            return b""
        self._at += len(sign)
        return sign

    def needed(self, signs: bytes) -> bytes:
        """The next sign, which must be one of these."""
        sign = self.sign(signs)
        if not sign:
            raise Broken
        return sign

    def value(self) -> object:
        """The next value, whole; raises ``Broken``."""
        self._skip_blanks()
        match = _VALUE.match(self._window, self._at)
        # What touches the end of the window may go on behind it.
        while not self._ended and (match is None or match.end() == len(self._window)):
            self._grow()
            match = _VALUE.match(self._window, self._at)
        if match is None:
            raise Broken
        self._at = match.end()
        return parse(match[0])

    def is_at_end(self) -> bool:
        self._skip_blanks()
        return self._at == len(self._window)

    def _skip_blanks(self) -> None:
        while True:
            blanks = _BLANKS.match(self._window, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._ended or self._at < len(self._window):
                return
            self._grow()

    def _grow(self) -> None:
        rest = self._window[self._at :]
        if len(rest) > LONGEST_ROW:
            raise Broken
        more = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not more
        self._window, self._at = rest + more, 0


def _lines(text: _Text) -> Iterator[Line]:
    """The elements by their place; raises ``Refused`` as soon as the document is seen broken."""
    count = 0
    try:
        opening = text.needed(b"{[")
        if opening == b"{":
            _step_to_data(text)
        ending = text.sign(b"]")
        while ending != b"]":
            value = text.value()
            ending = text.needed(b",]")
            count += 1
            yield count, value if isinstance(value, dict) else None
        if opening == b"{":
            _step_to_end(text)
        if text.is_at_end():
            return
    except Broken:
        pass
    raise Refused(
        "không phải một tài liệu JSON trọn vẹn (hỏng, bị cắt hoặc có phần tử quá dài, sau phần tử"
        f" thứ {count}): hãy gửi lại trọn tệp."
    )


def _step_to_data(text: _Text) -> None:
    """Go into the array ``data`` of the message."""
    ending = text.sign(b"}")
    while ending != b"}":
        name = text.value()
        text.needed(b":")
        if name == "data":
            if not text.sign(b"["):
                raise Refused("có data nhưng không phải một mảng: hãy xuất lại theo mẫu bản tin.")
            return
        text.value()
        ending = text.needed(b",}")
    raise Refused("không có mảng data: hãy xuất lại theo mẫu bản tin đồng bộ.")


def _step_to_end(text: _Text) -> None:
    """Go behind the members that follow ``data``."""
    while text.needed(b",}") == b",":
        text.value()
        text.needed(b":")
        text.value()
