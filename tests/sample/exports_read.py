"""A sample as it stands in its folder, read without the project's own readers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

from chiso766.sample import Written
from chiso766.sample.units import read_data

FIRST_DAY, LAST_DAY = date(2026, 4, 20), date(2026, 6, 2)  # with holidays and two firsts of a month
DAYS = (LAST_DAY - FIRST_DAY).days + 1
UNITS, DOSSIERS, SEED = 9, 900, 7
LISTS = (
    "DSKetNoiCSDL",
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachGiayToKetQua",
    "DanhSachHoSoBoSung",
    "DinhDanhCHS",
)


@dataclass(frozen=True)
class Exported:
    """One row and where it stands."""

    night: date
    source: str
    path: Path
    row: dict[str, Any]


@dataclass(frozen=True)
class Sample:
    directory: Path
    written: Written

    def rows(self, source: str) -> list[Exported]:
        """The rows of a source in the order in which they came."""
        return _rows(self.directory, source)


@cache
def _rows(directory: Path, source: str) -> list[Exported]:
    return [
        Exported(date.fromisoformat(path.parts[-3]), source, path, row)
        for path in sorted(directory.glob(f"*/{source}/*"))
        for row in read_rows(path, source)
    ]


def text_of(path: Path) -> str:
    """The text of a file, composed: some systems write letters and marks apart."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    return normalize("NFC", text)


def read_rows(path: Path, source: str) -> Iterator[dict[str, Any]]:
    text = text_of(path)
    if ".jsonl" in path.name:
        yield from map(json.loads, text.splitlines())
    elif ".json" in path.name:
        content = json.loads(text)
        yield from content["data"] if isinstance(content, dict) else content
    else:
        yield from _table(text, source)


def _table(text: str, source: str) -> Iterator[dict[str, Any]]:
    aliases = read_data("titles.csv")
    titles = {alias["title"]: alias["field"] for alias in aliases if alias["source"] == source}
    header = text.splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    for row in csv.DictReader(io.StringIO(text), delimiter=delimiter):
        named: dict[str, Any] = {titles.get(title, title): cell for title, cell in row.items()}
        for field, cell in named.items():
            if field in LISTS:
                named[field] = json.loads(cell) if cell else []
            elif re.match(r"Ngay", field):
                named[field] = _compact(cell)
        yield named


def _compact(time: str) -> str:
    """yyyyMMddHHmmss of the ways in which a table writes a time."""
    if match := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})(?: (\d\d):(\d\d):(\d\d))?", time):
        day, month, year, *clock = match.groups(default="")
        return "".join((year, month, day, *clock))
    return re.sub(r"[-: ]", "", time)
