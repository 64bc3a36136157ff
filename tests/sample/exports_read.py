"""A sample as it stands in its folder, read without the project's own readers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

from chiso766.sample import Written
from chiso766.sample.units import read_data

from ..files_read import is_sheet, plain_number, sheet_of, text_of

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
NUMBERS = ("SoHoSoTiepNhan", "TyLe")  # that are texts like 1.234 and 62,5


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


def read_rows(path: Path, source: str) -> Iterator[dict[str, Any]]:
    """The rows of a file; an answer of the Portal is one."""
    if is_sheet(path):
        sheet = sheet_of(path)
        rows = (dict(zip(sheet.titles, cells, strict=True)) for cells in sheet.rows.values())
        yield from map(partial(_named, source=source), rows)
        return
    text = text_of(path)
    if ".jsonl" in path.name:
        yield from map(json.loads, text.splitlines())
    elif ".json" in path.name:
        content = json.loads(text)
        if source == "portal_scores":
            content = [content]
        yield from content["data"] if isinstance(content, dict) else content
    else:
        yield from _table(text, source)


def _table(text: str, source: str) -> Iterator[dict[str, Any]]:
    header = text.splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    yield from map(partial(_named, source=source), rows)


def _named(row: dict[str, str], source: str) -> dict[str, Any]:
    """A row by field, its lists and times as in JSON."""
    fields = _fields(source)
    named: dict[str, Any] = {fields.get(title, title): cell for title, cell in row.items()}
    for field, cell in named.items():
        if field in LISTS:
            named[field] = json.loads(cell) if cell else []
        elif re.match(r"Ngay|Han", field):
            named[field] = compact(cell)
        elif field in NUMBERS:
            named[field] = plain_number(cell)
    return named


@cache
def _fields(source: str) -> dict[str, str]:
    """Field by title."""
    aliases = read_data("titles.csv")
    return {alias["title"]: alias["field"] for alias in aliases if alias["source"] == source}


def compact(time: str) -> str:
    """yyyyMMddHHmmss of the ways in which a table writes a time."""
    if match := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})(?: (\d\d):(\d\d):(\d\d))?", time):
        day, month, year, *clock = match.groups(default="")
        return "".join((year, month, day, *clock))
    return re.sub(r"[-: ]", "", time)
