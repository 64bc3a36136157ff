"""Good exports of every format, small, from which the fuzz run makes bad ones."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from unicodedata import normalize

import openpyxl
import xlwt

from ..deliveries import written

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], bytes]

_TONES = "\u0300\u0301\u0303\u0309\u0323"
TITLE = "DANH SÁCH HỒ SƠ TIẾP NHẬN"
_SENTENCE = "Kiểm tra, đối chiếu rồi trả kết quả đúng hẹn"


def _text(ending: str, codec: str = "utf-8") -> Write:
    return lambda rows: written(f"a{ending}", list(rows)).decode().encode(codec)


def _windows_1258(rows: Sequence[Row]) -> bytes:
    """It writes a letter with its circumflex, breve or horn, and the tone behind it.

    A few words tell the encoding, so there must be some.
    """
    text = written("a.csv", [row | {"MoTa": _SENTENCE} for row in rows]).decode()
    return "".join(_tone_behind(letter) for letter in text).encode("cp1258", "replace")


def _tone_behind(letter: str) -> str:
    parts = normalize("NFD", letter)
    tone = "".join(mark for mark in parts if mark in _TONES)
    return normalize("NFC", "".join(mark for mark in parts if mark not in _TONES)) + tone


def _gzipped(write: Write) -> Write:
    return lambda rows: gzip.compress(write(rows), mtime=0)


def _grid(rows: Sequence[Row]) -> list[list[str]]:
    """Title rows, a header with STT, the row of column numbers, the rows and their total."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    numbers = [f"({number})" for number in range(1, len(fields) + 2)]
    body = [
        [str(number), *(_cell(row.get(field, "")) for field in fields)]
        for number, row in enumerate(rows, 1)
    ]
    return [[TITLE], [], ["STT", *fields], numbers, *body, ["", "Tổng cộng"]]


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _xlsx(rows: Sequence[Row]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Hồ sơ")
    for cells in _grid(rows):
        # XML cannot hold other control characters, so no system writes them.
        sheet.append([openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", c)[:32_000] for c in cells])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _xls(rows: Sequence[Row]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Hồ sơ")
    for number, cells in enumerate(_grid(rows)):
        for place, cell in enumerate(cells):
            sheet.write(number, place, cell[:32_000])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _html(rows: Sequence[Row]) -> bytes:
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in _grid(rows)
    )
    head = '<html><head><meta charset="utf-8"></head>'
    return f"{head}<body><table>{lines}</table></body></html>".encode()


WRITERS: dict[str, tuple[str, Write]] = {
    "message": (".json", _text(".json")),
    "lines": (".jsonl", _text(".jsonl")),
    "lines, gzip": (".jsonl.gz", _gzipped(_text(".jsonl"))),
    "csv": (".csv", _text(".csv")),
    "csv, gzip": (".csv.gz", _gzipped(_text(".csv"))),
    "csv, UTF-16": (".csv", _text(".csv", "utf-16")),
    "csv, Windows-1258": (".csv", _windows_1258),
    "xlsx": (".xlsx", _xlsx),
    "xls": (".xls", _xls),
    "html": (".xls", _html),
}
"""Format -> the ending of its files' names, and how rows are written in it."""
