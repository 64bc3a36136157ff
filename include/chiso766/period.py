"""Periods of the scorecard: a calendar month, quarter or year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from chiso766.errors import ChisoError

_ROMAN = ("I", "II", "III", "IV")
_FORM = re.compile(r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])|-Q(?P<quarter>[1-4]))?")


@dataclass(frozen=True)
class Period:
    """``type``: month, quarter or year, as in the marts; ``start``: its first day."""

    type: str
    start: date

    @property
    def label(self) -> str:
        if self.type == "month":
            return f"Tháng {self.start.month}/{self.start.year}"
        if self.type == "quarter":
            return f"Quý {_ROMAN[self.start.month // 3]}/{self.start.year}"
        return f"Năm {self.start.year}"

    @property
    def code(self) -> str:
        """As ``parse`` reads it."""
        if self.type == "month":
            return f"{self.start:%Y-%m}"
        if self.type == "quarter":
            return f"{self.start.year}-Q{self.quarter}"
        return f"{self.start.year}"

    @property
    def quarter(self) -> int:
        """1 to 4: the one in which it begins."""
        return (self.start.month + 2) // 3

    @property
    def last_day(self) -> date:
        months = {"month": 1, "quarter": 3, "year": 12}[self.type]
        years, month = divmod(self.start.month - 1 + months, 12)
        return date(self.start.year + years, month + 1, 1) - timedelta(days=1)

    @property
    def before(self) -> Period:
        """The one of the same type that ends where this one starts."""
        return next(one for one in current(self.start - timedelta(days=1)) if one.type == self.type)


def parse(text: str) -> Period:
    """Read ``2026-11``, ``2026-Q4`` or ``2026``."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ChisoError(
            f"Kỳ “{text}” không đúng: hãy viết tháng như 2026-11, quý như 2026-Q4, năm như 2026."
        )
    year = int(match["year"])
    if match["month"]:
        return Period("month", date(year, int(match["month"]), 1))
    if match["quarter"]:
        return Period("quarter", date(year, int(match["quarter"]) * 3 - 2, 1))
    return Period("year", date(year, 1, 1))


def current(as_of_day: date) -> list[Period]:
    """The month, quarter and year that hold a day."""
    return [
        Period("month", as_of_day.replace(day=1)),
        Period("quarter", date(as_of_day.year, (as_of_day.month - 1) // 3 * 3 + 1, 1)),
        Period("year", date(as_of_day.year, 1, 1)),
    ]
