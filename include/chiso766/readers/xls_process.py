"""The process that reads one ``.xls``, its input, and gives its rows, pickled, as its output."""

from __future__ import annotations

import mmap
import os
import pickle
import resource
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import xlrd
from xlrd.sheet import Sheet

from chiso766.readers.cells import EPOCH_1900, EPOCH_1904, Cell, Row, as_time
from chiso766.readers.xls import STARTED, Batch

_ROWS = 500  # in a batch
_LARGEST_WHOLE = 10**15
# The stream of an .xlsx with a password, which is packed like an .xls.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")

_PASSWORD = "có mật khẩu: hãy bỏ mật khẩu rồi gửi lại."
_BROKEN = "không phải bảng tính Excel hoặc bị hỏng: hãy mở bằng Excel, lưu lại rồi gửi lại."


def main(memory: int, seconds: int) -> None:
    """Read within so many bytes of memory and seconds of the processor."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    # At the hard limit SIGKILL would come, as if somebody had ended the process.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 60))
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(STARTED)
        output.flush()
        try:
            for batch in _batches():
                pickle.dump(batch, output)
            end = None
        except MemoryError:
            return
        # Whatever xlrd raises for a file that is not as it should be.
        except Exception as error:
            is_locked = "encrypted" in str(error) or _content().find(_ENCRYPTED_PACKAGE) >= 0
            end = _PASSWORD if is_locked else _BROKEN
        pickle.dump(end, output)


def _content() -> mmap.mmap:
    return mmap.mmap(sys.stdin.fileno(), 0, access=mmap.ACCESS_READ)


def _batches() -> Iterator[Batch]:
    content: Any = _content()  # the stubs know of no mmap here
    with open(os.devnull, "w") as log:
        book = xlrd.open_workbook(
            file_contents=content, logfile=log, on_demand=True, ragged_rows=True
        )
        for place in range(book.nsheets):
            sheet = book.sheet_by_index(place)
            rows = _rows(sheet, bool(book.datemode)) if sheet.visibility == 0 else iter(())
            while batch := list(islice(rows, _ROWS)):
                yield place, sheet.name, bool(book.datemode), batch
            book.unload_sheet(place)


def _rows(sheet: Sheet, is_1904: bool) -> Iterator[tuple[int, Row]]:
    epoch = EPOCH_1904 if is_1904 else EPOCH_1900
    for at in range(sheet.nrows):
        typed = zip(sheet.row_types(at), sheet.row_values(at), strict=True)
        cells = ((column, _cell(kind, value, epoch)) for column, (kind, value) in enumerate(typed))
        yield at + 1, {column: cell for column, cell in cells if cell is not None}


def _cell(kind: int, value: str | float, epoch: datetime) -> Cell | None:
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if kind == xlrd.XL_CELL_DATE:
        return as_time(value, epoch) or value
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code[int(value)])
    return int(value) if value.is_integer() and abs(value) < _LARGEST_WHOLE else value


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
