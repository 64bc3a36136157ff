"""One attempt on the readers: a good file, spoilt as its seed says, is read to its end."""

from __future__ import annotations

import faulthandler
from pathlib import Path
from random import Random
from typing import Any

from chiso766.readers import reading
from chiso766.readers.export import Refused
from chiso766.rows import Tidy, Unreadable
from chiso766.sources import SOURCES

from ..deliveries import GOOD
from .corpus import WRITERS
from .mutate import spoil_bytes, spoil_values

Row = dict[str, Any]

# Reading a file of this size takes milliseconds; who needs longer hangs.
_HANGING_S = 60
_KEYS = (b"0" * 32,)


def attempt(seed: int, folder: Path) -> None:
    """Spoil a file and read it; any exception but ``Refused``, and any hang, is a find."""
    random = Random(seed)
    faulthandler.dump_traceback_later(_HANGING_S, exit=True)
    try:
        if random.random() < 0.5:
            _attempt_values(random, folder)
        else:
            _attempt_bytes(random, folder)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _attempt_values(random: Random, folder: Path) -> None:
    """Whatever the values are, there are as many rows as were written; blank ones need not be."""
    source, form = random.choice(list(GOOD)), random.choice(list(WRITERS))
    ending, write = WRITERS[form]
    rows = spoil_values(random, _rows(random, source))
    blank = sum(not "".join(map(str, row.values())).strip("\0 \n\u00a0") for row in rows)
    read = _read(folder, ending, write(rows), source)
    assert read is not None, (source, form)
    assert len(rows) - blank <= read <= len(rows), (source, form)


def _attempt_bytes(random: Random, folder: Path) -> None:
    """Whatever the bytes are, the file is read or refused; sometimes its name lies, too."""
    source = random.choice(list(GOOD))
    forms = list(WRITERS.values())
    (ending, write), (other_ending, other) = random.choice(forms), random.choice(forms)
    rows = _rows(random, source)
    spoilt = spoil_bytes(random, write(rows), other(rows))
    _read(folder, random.choice((ending, ending, ending, other_ending)), spoilt, source)


def _rows(random: Random, source: str) -> list[Row]:
    return [dict(GOOD[source]) for _ in range(random.randint(1, 8))]


def _read(folder: Path, ending: str, data: bytes, source: str) -> int | None:
    """The number of rows read; None where the file was refused."""
    path = folder / "landed"
    path.write_bytes(data)
    tidy = Tidy(SOURCES[source], _KEYS)
    count = last = 0
    try:
        with reading(path, f"a{ending}", SOURCES[source]) as export:
            for line, row in export.lines:
                assert line > last, "a line stands before the one before it"
                count, last = count + 1, line
                try:
                    tidy.columns(row)
                except Unreadable:
                    continue
    except Refused as refused:
        sentence = str(refused)
    else:
        return count
    assert sentence.startswith(f"Tệp a{ending} "), sentence
    assert sentence.endswith("."), sentence
    return None
