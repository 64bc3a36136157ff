"""Report periods of administrative-procedure control; not the calendar periods of the scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg
from psycopg.rows import class_row

from chiso766 import scorecard
from chiso766.errors import ChisoError

_ROMAN = ("I", "II", "III", "IV")

_PERIODS: LiteralString = """
    select period_type, period_start, period_end, period_code, as_of_day, is_complete, returned_as,
        awaited_as
    from marts.dim_report_period order by period_start, period_type
"""


@dataclass(frozen=True)
class ReportPeriod:
    """A row of ``dim_report_period``."""

    period_type: str
    period_start: date
    period_end: date
    period_code: str
    as_of_day: date
    is_complete: bool
    returned_as: str
    awaited_as: str

    @property
    def label(self) -> str:
        """As a form names it."""
        year, _, part = self.period_code.partition("-")
        if self.period_type == "month":
            return f"Tháng {int(part)}/{year}"
        if self.period_type == "quarter":
            return f"Quý {_ROMAN[int(part[1:]) - 1]}/{year}"
        if self.period_type == "half_year":
            return f"6 tháng đầu năm {year}"
        return f"Năm {year}"

    @property
    def span(self) -> str:
        return f"Từ ngày {self.period_start:%d/%m/%Y} đến ngày {self.period_end:%d/%m/%Y}"


def known(connection: psycopg.Connection) -> list[ReportPeriod]:
    """The report periods that the published marts cover, in the order of time."""
    scorecard.newest_day(connection)  # says what to do where nothing was ever published
    return connection.cursor(row_factory=class_row(ReportPeriod)).execute(_PERIODS).fetchall()


def parse(connection: psycopg.Connection, text: str) -> ReportPeriod:
    """Read ``2026-11``, ``2026-Q4``, ``2026-H1`` or ``2026``; one that the marts cover."""
    periods = {period.period_code: period for period in known(connection)}
    if text.strip() not in periods:
        raise ChisoError(
            f"Không có số liệu của kỳ báo cáo “{text}”: hãy viết tháng như 2026-11, quý như"
            " 2026-Q4, 6 tháng đầu năm như 2026-H1, năm như 2026, và chọn một trong các kỳ"
            f" {', '.join(periods)}."
        )
    return periods[text.strip()]
