"""The official reports: ``./chiso report``, and those that are made on the cut-off day.

The last ones lie in ``<CHISO_HOME>/reports/official/<period>/``: ``<unit>.xlsx`` for the home unit
and every unit below it, ``<unit>.docx`` for the home unit's leadership. A report that is made again
with other content does not replace the one before, which becomes ``<unit>_ban-1.xlsx``, and so on.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import LiteralString
from zipfile import ZipFile

import psycopg
from xlsxwriter.exceptions import XlsxFileError

from chiso766 import (
    database,
    file_export,
    object_store,
    publish,
    report_brief,
    report_period,
    report_workbook,
    scorecard,
    set_aside_sheets,
    settings,
)
from chiso766 import period as periods
from chiso766.build_lock import build_lock
from chiso766.errors import ChisoError
from chiso766.report_forms import FORMS, fill
from chiso766.report_period import ReportPeriod

ALL = "tat-ca"
BRIEF = "tom-tat"
_HIGHEST_RECEIVER = "Văn phòng Chính phủ"
_DRAFTS = ".draft-"

log = logging.getLogger(__name__)

_UNIT: LiteralString = """
    select coalesce(unit.unit_name, unit.unit_code), coalesce(parent.unit_name, parent.unit_code)
    from marts.dim_unit as unit
    left join marts.dim_unit as parent on parent.unit_code = unit.parent_unit_code
    where unit.unit_code = %s
"""
_UNITS: LiteralString = """
    select unit_code from intermediate.int_unit_tree where ancestor_code = %s order by unit_code
"""
_IS_CUT_OFF_DAY: LiteralString = """
    select exists (select from intermediate.int_report_calendar where period_end = %s)
"""


@dataclass(frozen=True)
class _Report:
    """A report that only has to be written."""

    content: str
    row_count: int | None
    """None: it has no table of rows."""
    write: Callable[[Path], None]


def run(form: str, unit: str | None, period: str, path: Path) -> None:
    """Write a form (a name of ``FORMS``, ``ALL`` or ``BRIEF``) of a unit (the home unit)."""
    unit = unit or settings.load().unit
    suffix = ".docx" if form == BRIEF else ".xlsx"
    if path.suffix.lower() != suffix:
        raise ChisoError(f"Tên tệp {path} không đúng: hãy đặt tên có đuôi {suffix} (-o).")
    with database.connect() as connection:
        if form == BRIEF:
            report = _brief(connection, unit, periods.parse(period))
        else:
            report = _workbook(connection, form, unit, report_period.parse(connection, period))
    with _saying_where(path), _recorded(report, path):
        report.write(path)


def make_official(day: date) -> list[Path]:
    """Make the reports of the periods that end on an export day; none on other days.

    Returns what was written; what has the content that is there already is not.
    """
    with build_lock() as connection:  # nothing is published while they are made
        newest = scorecard.newest_day(connection)
        [(is_cut_off_day,)] = connection.execute(_IS_CUT_OFF_DAY, [day]).fetchall()
        if not is_cut_off_day:
            log.info("Ngày %s không phải ngày chốt số liệu báo cáo.", day)
            return []
        if newest < day:
            raise ChisoError(
                f"Số liệu mới công bố đến hết ngày {newest:%d/%m/%Y}, chưa có ngày {day:%d/%m/%Y}"
                f" để chốt báo cáo: hãy chạy ./chiso nightly {day} trước."
            )
        ending = [one for one in report_period.known(connection) if one.period_end == day]
        return [path for period in ending for path in _make(connection, period)]


def _make(connection: psycopg.Connection, period: ReportPeriod) -> list[Path]:
    folder = settings.make_private(publish.page_path().parent / "official" / period.period_code)
    for left in folder.glob(f"{_DRAFTS}*"):  # by a process that was killed
        shutil.rmtree(left)
    _bring(folder)
    written = []
    for path, report in _official(connection, folder, period):
        with _saying_where(path):
            if _replace(path, report):
                log.info("Đã lập báo cáo %s", path)
                written.append(path)
    publish.share(path for path in folder.iterdir() if path.is_file())
    return written


def _official(
    connection: psycopg.Connection, folder: Path, period: ReportPeriod
) -> Iterator[tuple[Path, _Report]]:
    """Each report and its place, one after the other: those of a city are many."""
    home = settings.load().unit
    for (unit,) in connection.execute(_UNITS, [home]).fetchall():
        yield folder / set_aside_sheets.file_name(unit), _workbook(connection, ALL, unit, period)
    if period.period_type in ("month", "quarter", "year"):
        path = (folder / set_aside_sheets.file_name(home)).with_suffix(".docx")
        yield path, _brief(connection, home, periods.parse(period.period_code))


@contextmanager
def _recorded(report: _Report, path: Path) -> Iterator[None]:
    with file_export.recorded("report", report.content, path) as export:
        yield
        export.row_count = report.row_count


@contextmanager
def _saying_where(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, XlsxFileError) as error:
        raise ChisoError(
            f"Không ghi được báo cáo {path} ({error}): hãy kiểm tra thư mục, quyền ghi và chỗ trống"
            " trên ổ đĩa, đóng tệp nếu đang mở, rồi chạy lại."
        ) from error


def _bring(folder: Path) -> None:
    """Where machines share a store, another one may have made the versions before."""
    store = object_store.declared()
    if store is None:
        return
    for name in store.tags(publish.share_key(folder)):
        store.download(name, folder / Path(name).name)


def _replace(path: Path, report: _Report) -> bool:
    """Write a report unless it is there with the same content; what it replaces is kept."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=_DRAFTS) as drafts:
        draft = Path(drafts) / path.name
        report.write(draft)
        if path.exists() and _content(path) == _content(draft):
            return False
        with _recorded(report, path):
            if path.exists():
                path.rename(_version_before(path))
            os.replace(draft, path)
    return True


def _version_before(path: Path) -> Path:
    number = 1
    while (kept := path.with_stem(f"{path.stem}_ban-{number}")).exists():
        number += 1
    return kept


def _content(path: Path) -> dict[str, int]:
    with ZipFile(path) as parts:
        return {part.filename: part.CRC for part in parts.infolist()}


def _workbook(
    connection: psycopg.Connection, form: str, unit: str, period: ReportPeriod
) -> _Report:
    unit_name, parent_name = _names(connection, unit)
    receiver_name = parent_name or _HIGHEST_RECEIVER
    asked = FORMS.values() if form == ALL else [FORMS[form]]
    filled = [fill(one, connection, unit, period) for one in asked]
    return _Report(
        f"{form}, đơn vị {unit}, kỳ {period.period_code}",
        sum(len(one.rows) for one in filled),
        lambda path: report_workbook.write(path, filled, period, unit_name, receiver_name),
    )


def _brief(connection: psycopg.Connection, unit: str, period: periods.Period) -> _Report:
    _, parent_name = _names(connection, unit)
    brief = report_brief.read(connection, unit, period, parent_name)
    return _Report(
        f"{BRIEF}, đơn vị {unit}, {period.label}",
        None,
        lambda path: report_brief.write(path, brief),
    )


def _names(connection: psycopg.Connection, unit: str) -> tuple[str, str | None]:
    """The names of the unit and of the one above it."""
    row = connection.execute(_UNIT, [unit]).fetchone()
    if row is None:
        raise ChisoError(
            f"Không có đơn vị {unit} trong danh mục: hãy kiểm tra mã đơn vị (--unit, CHISO_UNIT)"
            " và nguồn units."
        )
    return row[0], row[1]
