"""Rows that were set aside go back to the clerk: a spreadsheet per unit and export day.

``<CHISO_HOME>/reports/dong_de_rieng/<YYYY-MM-DD>/<unit>.xlsx`` holds the rows that are still open,
a sheet for each rule. What is wrong and what to do about it stands in
``dbt/seeds/reference/set_aside_rules.csv``, what a field means in ``source_fields.csv``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

import psycopg
from lxml.etree import LxmlError
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from psycopg.rows import class_row

from chiso766 import file_export, settings
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.locks import exclusive

UNKNOWN_UNIT = "khong_ro_don_vi.xlsx"
# A sheet holds 1,048,576 rows. What is more is counted, and stands in set_aside.row.
MOST_ROWS = 1_000_000

_WRITTEN = ".da_ghi.json"
_LONGEST_VALUE = 1_000
# The usual unit codes: H24, H24.999, 000.00.00.H24. No file system takes two of them for one.
_PLAIN_CODE = re.compile(r"([0-9]+\.)*[A-Z][0-9]+(\.[0-9]+)*")
_LONGEST_NAME = 40
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ADVICE = (
    "Hãy sửa ở hệ thống nguồn rồi xuất lại, đừng sửa trong bảng này: khi bản đã sửa được nạp, dòng"
    " đó sẽ không còn ở đây.",
    "“Dòng” là số dòng trong tệp hay trang tính; với tệp .json là thứ tự của phần tử trong danh"
    " sách, từ 1; 10000017 là dòng 17 của trang tính thứ hai, 20000017 của trang thứ ba.",
)
_SUMMARY = "Tổng hợp"
_SUMMARY_COLUMNS = {"Quy tắc": 30, "Số dòng": 10, "Sai gì": 60, "Cần làm gì": 60}
_COLUMNS = {
    "Nguồn": 30,
    "Tệp": 30,
    "Dòng": 10,
    "Mã đơn vị": 15,
    "Khóa": 30,
    "Trường": 45,
    "Giá trị đã gửi": 30,
    "Sai gì": 60,
    "Cần làm gì": 60,
}

# Day and unit (null: not a known one) of the open rows, with a hash that changes when they do.
_OPEN_UNITS = """
    select export_day, unit.unit_code,
        md5(string_agg(load_id || ' ' || line, ',' order by load_id, line)) as content
    from set_aside.row as aside left join marts.dim_unit as unit using (unit_code)
    where healed_load_id is null
    group by export_day, unit.unit_code
"""
_OPEN_ROWS = f"""
    select unit.unit_code, unit.unit_name,
        coalesce(rules.rule_name, rule) as rule_name, rules.what_is_wrong, rules.what_to_do,
        coalesce(sources.source_name, source) as source_name, file_name, line,
        left(aside.unit_code, {_LONGEST_VALUE}) as given_unit_code, row_key,
        concat_ws(': ', field, meaning) as field,
        left(value, {_LONGEST_VALUE}) || case when length(value) > {_LONGEST_VALUE} then '…'
            else '' end as value
    from set_aside.row as aside
    left join marts.dim_unit as unit using (unit_code)
    left join reference.set_aside_rules as rules using (rule)
    left join reference.sources as sources using (source)
    left join reference.source_fields as fields using (source, field)
    where export_day = %s and healed_load_id is null
    order by unit.unit_code, rules.position, rule, source_name, file_name, load_id, line
"""


_unit = attrgetter("unit_code", "unit_name")
_rule = attrgetter("rule_name", "what_is_wrong", "what_to_do")


@dataclass(frozen=True)
class _OpenRow:
    unit_code: str | None
    unit_name: str | None
    rule_name: str
    what_is_wrong: str | None
    what_to_do: str | None
    source_name: str
    file_name: str
    line: int
    given_unit_code: str | None
    row_key: str | None
    field: str
    value: str | None


def folder() -> Path:
    """Where the spreadsheets lie, a folder for each export day."""
    return settings.load().home / "reports" / "dong_de_rieng"


def file_name(unit_code: str | None) -> str:
    """The spreadsheet of a unit; a code may hold anything, and no two codes share a name."""
    if unit_code is None:
        return UNKNOWN_UNIT
    if len(unit_code) <= _LONGEST_NAME and _PLAIN_CODE.fullmatch(unit_code):
        return f"{unit_code}.xlsx"
    safe = re.sub("[^A-Za-z0-9]", "_", unit_code)[:_LONGEST_NAME]
    return f"{safe}-{hashlib.sha256(unit_code.encode()).hexdigest()[:16]}.xlsx"


def write_sheets() -> None:
    """Write the spreadsheets whose open rows changed; those without any are removed.

    Raises ``ChisoError`` where they cannot be written; those that are there stay whole.
    """
    settings.make_private(folder())
    try:
        lock = settings.load().home / "dong_de_rieng.lock"
        with exclusive(lock), connect() as connection:
            # The rows of a spreadsheet are those that its hash was made of.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            open_days = _open_days(connection)
            for day in sorted(open_days.keys() | _written_days()):
                _bring_up_to_date(connection, day, open_days.get(day, {}))
    except (OSError, LxmlError) as error:  # lxml has its own error for a full disk
        raise ChisoError(
            f"Không ghi được bảng tính các dòng bị để riêng vào {folder()} ({error}): hãy kiểm tra"
            " quyền ghi và chỗ trống trên ổ đĩa rồi chạy lại đêm này."
        ) from error


def _open_days(connection: psycopg.Connection) -> dict[date, dict[str, str]]:
    """Day -> spreadsheet -> hash of its rows."""
    days: dict[date, dict[str, str]] = {}
    for day, unit_code, content in connection.execute(_OPEN_UNITS.encode()):
        days.setdefault(day, {})[file_name(unit_code)] = content
    return days


def _written_days() -> set[date]:
    digits = "[0-9]"
    notes = folder().glob(f"{digits * 4}-{digits * 2}-{digits * 2}/{_WRITTEN}")
    return {date.fromisoformat(note.parent.name) for note in notes}


def _bring_up_to_date(connection: psycopg.Connection, day: date, wanted: dict[str, str]) -> None:
    """``wanted``: the day's spreadsheets and the hashes of their rows."""
    day_folder = folder() / day.isoformat()
    note = day_folder / _WRITTEN
    written = json.loads(note.read_text()) if note.exists() else {}
    changed = {
        name
        for name, content in wanted.items()
        if written.get(name) != content or not (day_folder / name).exists()
    }
    healed = written.keys() - wanted.keys()
    if not changed and not healed:
        return
    settings.make_private(day_folder)
    # Noted first, without their hash: what a killed process leaves behind is found again.
    _write_note(note, written | dict.fromkeys(changed, ""))
    if changed:
        _write_changed(connection, day, day_folder, changed)
    for name in healed:
        (day_folder / name).unlink(missing_ok=True)
        _draft(day_folder / name).unlink(missing_ok=True)
    if wanted:
        _write_note(note, wanted)
        return
    note.unlink()
    with suppress(OSError):  # something else was put there
        day_folder.rmdir()


def _write_note(note: Path, content: dict[str, str]) -> None:
    _write_whole(note, lambda file: file.write(json.dumps(content).encode()))


def _write_changed(
    connection: psycopg.Connection, day: date, day_folder: Path, changed: set[str]
) -> None:
    with connection.cursor("open_rows", row_factory=class_row(_OpenRow)) as rows:
        rows.execute(_OPEN_ROWS.encode(), [day])
        for (unit_code, unit_name), unit_rows in groupby(rows, key=_unit):
            if (name := file_name(unit_code)) in changed:
                title, path = _title(day, unit_code, unit_name), day_folder / name
                with file_export.recorded("publish", title, path) as export:
                    workbook, export.row_count = _workbook(title, unit_rows)
                    _write_whole(path, workbook.save)


def _write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Whole or not at all, for its owner only."""
    draft = _draft(path)
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _draft(path: Path) -> Path:
    return path.with_suffix(".draft")


class _Sheet:
    """A sheet of texts that no spreadsheet program evaluates, and of counts."""

    def __init__(self, workbook: Workbook, title: str, columns: dict[str, int]) -> None:
        self._sheet = workbook.create_sheet(title)
        for number, width in enumerate(columns.values(), 1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width
        # A row is written at once, so that its cells can serve the next one; making them is slow.
        self._cells = [self._text_cell() for _ in columns]
        self._titles = [self._text_cell(bold=True) for _ in columns]
        for title_cell, column in zip(self._titles, columns, strict=True):
            _set_text(title_cell, column)

    def append_titles(self) -> None:
        self._sheet.append(self._titles)

    def append(self, *values: str | int | None) -> None:
        self._sheet.append(
            [
                value if isinstance(value, int) else _set_text(cell, value)
                for cell, value in zip(self._cells, values, strict=False)
            ]
        )

    def append_line(self, text: str) -> None:
        """A line above a table, as wide as it is."""
        cell = WriteOnlyCell(self._sheet)
        self._sheet.append([_set_text(cell, text)])

    def _text_cell(self, bold: bool = False) -> Cell:
        cell = WriteOnlyCell(self._sheet)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=bold)
        # Neither is it evaluated when somebody edits it.
        cell.number_format = "@"
        cell.quotePrefix = True
        return cell


def xml_text(text: str) -> str:
    """What XML cannot hold is shown as a replacement character."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _set_text(cell: Cell, text: str | None) -> Cell:
    cell.value = xml_text(text or "")
    cell.data_type = "s"  # "=1+1" would be a formula, "#N/A" an error
    return cell


def _workbook(title: str, rows: Iterable[_OpenRow]) -> tuple[Workbook, int]:
    """The open rows of a unit and day, those of a rule one after the other; and how many."""
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "chiso766"
    summary = _Sheet(workbook, _SUMMARY, _SUMMARY_COLUMNS)
    for line in (title, *_ADVICE):
        summary.append_line(line)
    summary.append_titles()
    counts = []
    for (name, wrong, to_do), rule_rows in groupby(rows, key=_rule):
        count = _write_rows(_Sheet(workbook, name, _COLUMNS), rule_rows)
        summary.append(name, count, wrong, to_do)
        counts.append(count)
    summary.append("Tổng cộng", sum(counts))
    if max(counts) > MOST_ROWS:
        summary.append_line(
            f"Mỗi trang chỉ liệt kê {MOST_ROWS} dòng đầu; các dòng khác ở bảng set_aside.row."
        )
    return workbook, sum(counts)


def _write_rows(sheet: _Sheet, rows: Iterable[_OpenRow]) -> int:
    """The number of rows, also of those that the sheet cannot hold."""
    sheet.append_titles()
    count = 0
    for count, row in enumerate(rows, 1):
        if count <= MOST_ROWS:
            sheet.append(
                row.source_name,
                row.file_name,
                row.line,
                row.given_unit_code,
                row.row_key,
                row.field,
                row.value,
                row.what_is_wrong,
                row.what_to_do,
            )
    return count


def _title(day: date, unit_code: str | None, unit_name: str | None) -> str:
    if unit_code is None:
        unit = "không rõ đơn vị hoặc đơn vị chưa có trong danh mục"
    else:
        unit = f"{unit_name or 'đơn vị'} ({unit_code})"
    return f"Dòng bị để riêng còn phải sửa: {unit}, ngày xuất dữ liệu {day:%d/%m/%Y}"
