"""``.jsonl``: one object per line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

from chiso766.readers.encoding import require_utf_8
from chiso766.readers.export import LONGEST_ROW, Export, Line
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Source


def read(file: io.BufferedReader, source: Source) -> Export:
    """The objects of the file; a line that is not one is unreadable, a blank line is none."""
    require_utf_8(file)
    return Export(lines=_lines(file), form="JSONL, UTF-8")


def _lines(file: io.BufferedReader) -> Iterator[Line]:
    read_line = partial(file.readline, LONGEST_ROW + 1)
    for number, line in enumerate(iter(read_line, b""), 1):
        if len(line) > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = read_line()
            yield number, None
            continue
        if line.isspace():
            continue
        try:
            value = parse(line)
        except Broken:
            value = None
        yield number, value if isinstance(value, dict) else None
