"""``.jsonl``: one object per line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

from chiso766.readers.encoding import require_utf_8
from chiso766.readers.export import LONGEST_ROW, Cut, Export
from chiso766.readers.json_text import Broken, parse
from chiso766.sources import Source


def read(file: io.BufferedReader, source: Source) -> Export:
    """The objects of the file; a line that is not one is unreadable, a blank line is none."""
    require_utf_8(file)
    cut = Cut(_rows(file), _object)
    return Export(lines=cut.lines(), form="JSONL, UTF-8", cut=cut)


def _rows(file: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    read_line = partial(file.readline, LONGEST_ROW + 1)
    for number, line in enumerate(iter(read_line, b""), 1):
        if len(line) > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = read_line()
            yield number, None
            continue
        if not line.isspace():
            yield number, line


def _object(line: bytes) -> dict[str, object] | None:
    try:
        value = parse(line)
    except Broken:
        return None
    return value if isinstance(value, dict) else None
