"""Export files: rows of fields in, bytes of one of the contract's text formats out.

Spreadsheets are written in ``sheets.py``.
"""

from __future__ import annotations

import csv
import gzip
import io
from abc import ABC, abstractmethod
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Self, cast

import msgspec

from chiso766.sample.layouts import Layout
from chiso766.sample.outbox import Row
from chiso766.sample.surveys import QUESTIONS
from chiso766.sample.units import read_data
from chiso766.sources import SOURCES, Kind

LISTS = {"DinhDanhCHS"} | {field for source in SOURCES.values() for field in source.items}
_GZIP_LEVEL = 4
_BUFFER = 1 << 20
_encode = msgspec.json.Encoder().encode


def columns(source: str) -> list[str]:
    """The fields of a source in the order of its tables: what is stored, then personal data, then
    the questions of a survey."""
    spec = SOURCES[source]
    questions = QUESTIONS if source == "surveys" else ()
    return [*spec.fields, *sorted(spec.dropped), *questions]


def titles(source: str) -> list[str]:
    """The Vietnamese titles of its columns; of a merged header "above|below"."""
    of_source = {
        row["field"]: row["title"] for row in read_data("titles.csv") if row["source"] == source
    }
    return [of_source.get(field, field) for field in columns(source)]


def is_table(layout: Layout) -> bool:
    return ".csv" in layout.ending


class ExportFile(ABC):
    """One export being written; use as a context manager."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.layout = layout
        self.path = path
        self.rows = 0
        self.spec = SOURCES[layout.source]
        self.columns = columns(layout.source)
        self.times = {
            field: number
            for number, field in enumerate(self.columns)
            if layout.time_text and self.spec.fields.get(field) in (Kind.TIME, Kind.DUE_TIME)
        }

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, *error: object) -> None: ...

    @abstractmethod
    def write(self, row: Row) -> int:
        """Append a row; returns its place: line of a text, row of a sheet, position in a JSON
        array, from 1."""

    def as_written(self, field: str, value: object) -> object:
        """A value as it stands in the file: tables have their own way of writing times."""
        time = str(value)
        if field in self.times and self.layout.time_text and time.isdigit():
            return self.layout.time_text(time)
        return value


class TextFile(ExportFile):
    """JSON, JSONL or CSV, plain or packed."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        self._lists = [number for number, field in enumerate(self.columns) if field in LISTS]
        self._values = itemgetter(*self.columns)
        self._cells = io.StringIO()
        self._table = csv.writer(self._cells, delimiter=layout.delimiter, lineterminator="\n")
        self._next_place = 1
        self._is_array = layout.ending == ".json"
        self._encoded = self._line if is_table(layout) else _encode
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        file = self._opened()
        self._write = file.write
        if self.layout.spelling or self.layout.encoding != "utf-8":
            self._write = lambda text: file.write(self._spelt(text))
        self._write(self._head())
        return self

    def __exit__(self, *error: object) -> None:
        self._write(self._tail())
        self._stack.close()

    def write(self, row: Row) -> int:
        return self.append(self.encoded(row))

    def encoded(self, row: Row) -> bytes:
        """The row in UTF-8, without a separator."""
        return self._encoded(row)

    def append(self, encoded: bytes) -> int:
        """Append a row that is UTF-8; returns its place."""
        separator = b",\n" if self._is_array and self.rows else b""
        self._write(separator + encoded + (b"" if self._is_array else b"\n"))
        place = self._next_place
        self._next_place += 1 if self._is_array else 1 + encoded.count(b"\n")
        self.rows += 1
        return place

    def _spelt(self, text: bytes) -> bytes:
        """UTF-8 as the layout spells and encodes it."""
        letters = text.decode()
        if self.layout.spelling:
            letters = self.layout.spelling(letters)
        return letters.encode(self.layout.encoding)

    def _opened(self) -> BinaryIO:
        file: BinaryIO = self._stack.enter_context(self.path.open("wb", buffering=_BUFFER))
        if self.layout.ending.endswith(".gz"):
            packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)
            self._stack.enter_context(packed)
            # A row at a time would be compressed in far too small pieces.
            file = self._stack.enter_context(io.BufferedWriter(cast(io.RawIOBase, packed), _BUFFER))
        return file

    def _head(self) -> bytes:
        if is_table(self.layout):
            self._next_place = 2
            self._table.writerow(self._titles())
            mark = "\ufeff" if self.layout.has_byte_order_mark else ""
            return (mark + self._taken()).encode() + b"\n"
        if not self._is_array:
            return b""
        if not self.layout.message_unit:
            return b"[\n"
        unit = _encode(self.layout.message_unit)
        return b'{"service": "DongBoHoSoMC", "madonvi": ' + unit + b', "data": [\n'

    def _tail(self) -> bytes:
        if not self._is_array:
            return b""
        return b"\n]}\n" if self.layout.message_unit else b"\n]\n"

    def _titles(self) -> list[str]:
        if not self.layout.has_vietnamese_titles:
            return self.columns
        return titles(self.layout.source)

    def _line(self, row: Row) -> bytes:
        cells = list(self._values(row))
        for number in self._lists:
            cell = cells[number]
            if isinstance(cell, list):  # else a planted fault
                cells[number] = _encode(cell).decode() if cell else ""
        for field, number in self.times.items():
            cells[number] = self.as_written(field, cells[number])
        self._table.writerow(cells)
        return self._taken().encode()

    def _taken(self) -> str:
        line = self._cells.getvalue()[:-1]
        self._cells.seek(0)
        self._cells.truncate()
        return line
