"""``.xlsx`` and ``.xls``, whichever of the kinds of file that go by these names it is."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from chiso766.errors import ChisoError
from chiso766.readers import csv_table, html_table, sheet, xls, xlsx
from chiso766.readers.cells import EPOCH_1900, reader
from chiso766.readers.export import Export, Line, Refused
from chiso766.sources import Source

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")  # of before Excel 97
_START = 4096  # bytes that tell the kind
_HTML = (b"<html", b"<table", b"<!doctype html", b"<head", b"<body", b"<meta", b"<div", b"<style")

_BROKEN = "bị cắt cụt, hỏng hoặc không phải bảng tính: hãy mở bằng Excel, lưu lại rồi gửi lại."
_XML = "là bảng tính XML 2003: hãy mở bằng Excel, lưu lại dưới dạng .xlsx rồi gửi lại."


def read(file: io.BufferedReader, source: Source) -> Export:
    """The rows of its sheets, see ``sheet.read``; raises ``Refused``, also while lines are read."""
    with _refusing():
        export = _read(file, source)
    return replace(export, lines=_guarded(export.lines))


def _read(file: io.BufferedReader, source: Source) -> Export:
    start = file.peek(_START)[:_START]
    if start.startswith(_ZIP):
        return sheet.read(xlsx.read_sheets(file), "Excel (.xlsx)", source)
    if start.startswith((_OLE, *_BIFF)):
        return sheet.read(xls.read_sheets(file), "Excel 97–2003 (.xls)", source)
    text = start.replace(b"\0", b"").strip(b"\xff\xfe \t\r\n").lower()  # UTF-16 too
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text:
        raise Refused(_XML)
    if text.startswith(b"<") and any(tag in text for tag in _HTML):
        return sheet.read(html_table.read_sheets(file), "bảng HTML (.xls)", source)
    export = csv_table.read(file, source)
    return replace(export, lines=_as_cells(export.lines, source))


def _as_cells(lines: Iterator[Line], source: Source) -> Iterator[Line]:
    """What is called a spreadsheet has the numbers and times of one, though it is text."""
    readers = {name: reader(kind, EPOCH_1900) for name, kind in source.fields.items()}
    for number, row in lines:
        if row is not None:
            row = {
                name: readers[name](cell) if name in readers and isinstance(cell, str) else cell
                for name, cell in row.items()
            }
        yield number, row


def _guarded(lines: Iterator[Line]) -> Iterator[Line]:
    with _refusing():
        yield from lines


@contextmanager
def _refusing() -> Iterator[None]:
    """Refuse for whatever the libraries raise: no list of it is complete for a hostile file."""
    try:
        yield
        return
    except (ChisoError, MemoryError):
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a place before the file's beginning
            raise
    except Exception:
        pass
    raise Refused(_BROKEN) from None
