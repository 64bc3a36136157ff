"""Readers of the formats of exports (contract/exports.md, "Formats"), one module per format."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chiso766.readers import csv_table, json_lines, json_message, portal_answer, spreadsheet
from chiso766.readers.encoding import not_utf_8
from chiso766.readers.export import Export, Refused
from chiso766.sources import Source

_READERS: dict[str, Callable[[io.BufferedReader, Source], Export]] = {
    ".json": json_message.read,
    ".jsonl": json_lines.read,
    ".jsonl.gz": json_lines.read,
    ".csv": csv_table.read,
    ".csv.gz": csv_table.read,
    ".xlsx": spreadsheet.read,
    ".xls": spreadsheet.read,
}
_BOM = codecs.BOM_UTF8
_HIGHEST_RATIO = 200  # of what a gzip unpacks to; exports have up to 60
_ALWAYS_UNPACKED = 64 << 20  # bytes, whatever the ratio
_BUFFER = 1 << 17


@contextmanager
def reading(path: Path, file_name: str, source: Source) -> Iterator[Export]:
    """Read the file at ``path`` as its name says; raises ``Refused``, also while lines are read."""
    ending = next((e for e in _READERS if file_name.lower().endswith(e)), None)
    if ending is None:
        raise Refused(
            f"Tệp {file_name} không thuộc loại đọc được: hãy gửi lại dưới dạng"
            f" {', '.join(_READERS)}."
        )
    try:
        with _opened(path, ending) as file:
            if source.name == "portal_scores" and ending == ".json":
                yield portal_answer.read(file, file_name, source)
            else:
                yield _READERS[ending](file, source)
            return
    except Refused as refused:
        problem = f"Tệp {file_name} {refused}"
    except (EOFError, gzip.BadGzipFile, zlib.error):
        problem = f"Tệp {file_name} bị cắt cụt hoặc không phải gzip: hãy gửi lại trọn tệp."
    except UnicodeDecodeError:
        with _opened(path, ending) as file:
            problem = f"Tệp {file_name} {not_utf_8(file)}"
    raise Refused(problem) from None  # the error itself holds bytes of the file


@contextmanager
def _opened(path: Path, ending: str) -> Iterator[io.BufferedReader]:
    """The file's bytes, unpacked, behind its byte order mark."""
    with path.open("rb") as bytes_given:
        file = bytes_given
        if ending.endswith(".gz"):
            if not file.peek(1):
                raise EOFError  # which gzip takes for a file of no rows
            file = io.BufferedReader(_Unpacked(bytes_given, path.stat().st_size), _BUFFER)
        if file.peek(len(_BOM)).startswith(_BOM):
            file.read(len(_BOM))
        yield file


class _Unpacked(gzip.GzipFile):
    """A gzip that does not unpack to far more than it is."""

    def __init__(self, packed: io.BufferedReader, size: int) -> None:
        super().__init__(fileobj=packed)
        self._most = _ALWAYS_UNPACKED + size * _HIGHEST_RATIO

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() > self._most:
            raise Refused(
                f"khi giải nén lớn hơn {_HIGHEST_RATIO} lần: hãy kiểm tra tệp ở nguồn rồi gửi lại."
            )
        return data
