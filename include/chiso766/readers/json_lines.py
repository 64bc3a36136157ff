"""``.jsonl``: one object per line."""

from __future__ import annotations

import io
from collections.abc import Iterator

from chiso766.readers.export import Export, Line
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Source


def read(file: io.BufferedReader, source: Source) -> Export:
    """The objects of the file; a line that is not one is unreadable, a blank line is none."""
    return Export(lines=_lines(file), form="JSONL, UTF-8")


def _lines(file: io.BufferedReader) -> Iterator[Line]:
    for number, line in enumerate(file, 1):
        if line.isspace():
            continue
        try:
            value = parse(line)
        except Broken:
            value = None
        yield number, value if isinstance(value, dict) else None
