"""Real ``.xls`` (BIFF), read in a process of its own.

What xlrd builds in memory can be many times the file, as whoever made the file wants; a process
with limits ends, and the file is refused.
"""

from __future__ import annotations

import io
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from chiso766.errors import ChisoError
from chiso766.readers.cells import EPOCH_1900, EPOCH_1904, Row
from chiso766.readers.export import Refused
from chiso766.readers.sheet import Sheet

Batch = tuple[int, str, bool, list[tuple[int, Row]]]
"""Place and name of a sheet, whether its dates count from 1904, rows of it with their numbers."""

STARTED = b"started"
"""What the process says before it reads."""

_MEMORY = 1 << 30  # bytes; 500,000 dossiers take half of it
_SECONDS = 900  # of the processor

_ENDED = (-signal.SIGKILL, -signal.SIGTERM)

_NOT_READ = "Tiến trình đọc tệp .xls không chạy được hoặc bị dừng: hãy chạy lại ngày này."
_TOO_MUCH = (
    "không đọc được trong giới hạn bộ nhớ và thời gian (hỏng hoặc quá lớn): hãy mở bằng Excel, lưu"
    " lại dưới dạng .xlsx rồi gửi lại."
)


def read_sheets(file: io.BufferedReader) -> Iterator[Sheet]:
    """The visible sheets in their order; raises ``Refused``, also while rows are read."""
    for (_, name, is_1904), batches in groupby(_batches(file), key=itemgetter(0, 1, 2)):
        rows = (numbered for *_, batch in batches for numbered in batch)
        yield Sheet(name, rows, EPOCH_1904 if is_1904 else EPOCH_1900)


def _batches(file: io.BufferedReader) -> Iterator[Batch]:
    limits = [str(_MEMORY), str(_SECONDS)]
    command = [sys.executable, "-m", "chiso766.readers.xls_process", *limits]
    process = subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        if process.stdout.read(len(STARTED)) != STARTED:
            raise ChisoError(_NOT_READ)
        while True:
            batch = _next(process)
            if batch is None:
                return
            yield batch
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def _next(process: subprocess.Popen[bytes]) -> Batch | None:
    """The next batch, None behind the last; what ends without saying so has met its limits.

    Unless somebody ended it: then the file may be good, and is to be read again.
    """
    assert process.stdout is not None
    try:
        batch: Batch | str | None = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError):
        if process.wait() in _ENDED:
            raise ChisoError(_NOT_READ) from None
        raise Refused(_TOO_MUCH) from None
    if isinstance(batch, str):
        raise Refused(batch)
    return batch
