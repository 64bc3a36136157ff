"""Readers of the formats of exports (contract/exports.md, "Formats"), one module per format."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chiso766.readers import csv_table, json_lines, json_message
from chiso766.readers.export import Export, Refused
from chiso766.sources import Source

_READERS: dict[str, Callable[[io.BufferedReader, Source], Export]] = {
    ".json": json_message.read,
    ".jsonl": json_lines.read,
    ".jsonl.gz": json_lines.read,
    ".csv": csv_table.read,
    ".csv.gz": csv_table.read,
}
_BOM = codecs.BOM_UTF8
_SAMPLE = 4096  # bytes that tell another encoding before its text is taken for broken


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
            codecs.getincrementaldecoder("utf-8")().decode(file.peek(_SAMPLE)[:_SAMPLE])
            yield _READERS[ending](file, source)
            return
    except Refused as refused:
        problem = f"Tệp {file_name} {refused}"
    except (EOFError, gzip.BadGzipFile, zlib.error):
        problem = f"Tệp {file_name} bị cắt cụt hoặc không phải gzip: hãy gửi lại trọn tệp."
    except UnicodeDecodeError:
        problem = f"Tệp {file_name} không phải UTF-8{_first_wrong_byte(path, ending)}."
    raise Refused(problem) from None  # the error itself holds bytes of the file


@contextmanager
def _opened(path: Path, ending: str) -> Iterator[io.BufferedReader]:
    """The file's bytes, unpacked, behind its byte order mark."""
    with path.open("rb") as bytes_given:
        file = bytes_given
        if ending.endswith(".gz"):
            if not file.peek(1):
                raise EOFError  # which gzip takes for a file of no rows
            file = io.BufferedReader(gzip.GzipFile(fileobj=bytes_given))
        if file.peek(len(_BOM)).startswith(_BOM):
            file.read(len(_BOM))
        yield file


def _first_wrong_byte(path: Path, ending: str) -> str:
    with _opened(path, ending) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f" (dòng {number}, byte {error.start + 1}): hãy xuất lại bằng UTF-8"
    return ": hãy xuất lại bằng UTF-8"
