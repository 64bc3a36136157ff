"""The terminal is for people: what tools print goes to logs, progress goes to the reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chiso766 import settings

_OUTPUTS = (1, 2)


def console() -> Console:
    """Progress for people, on standard error; keeps its way there while ``output_into`` holds."""
    return Console(file=os.fdopen(os.dup(2), "w"), highlight=False)


@contextmanager
def working(console: Console, sentence: str) -> Iterator[None]:
    """Say what is going on: moving on a terminal, a plain line elsewhere."""
    if not console.is_terminal:
        console.print(sentence)
    with console.status(sentence):
        yield


@contextmanager
def output_into(path: Path) -> Iterator[None]:
    """Send what this process and its children print, by whatever means, into a file."""
    settings.make_private(path.parent)
    _flush()
    terminals = [os.dup(output) for output in _OUTPUTS]
    with open(path, "ab") as file:
        for output in _OUTPUTS:
            os.dup2(file.fileno(), output)
    try:
        yield
    finally:
        _flush()
        for output, terminal in zip(_OUTPUTS, terminals, strict=True):
            os.dup2(terminal, output)
            os.close(terminal)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
