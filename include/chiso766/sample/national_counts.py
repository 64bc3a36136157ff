"""What the national reporting system counted: received dossiers by unit and month."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from chiso766.sample.outbox import Row
from chiso766.sample.streams import stream
from chiso766.sample.units import PROVINCE

DAYS_OF_REPORT = (10, 20)  # and the last day of the month
DAY_OF_CORRECTION = 3
WHOLE_YEAR = 0
MORE_THAN_RECEIVED = 0.02


@dataclass(frozen=True, slots=True)
class NationalCount:
    """The count of a unit and month as reported on one day."""

    unit: str
    year: int
    month: int
    received: int

    def row(self, until: int) -> Row:
        del until  # every report is its own
        return {
            "MaDonVi": self.unit,
            "Nam": self.year,
            "Thang": self.month,
            "SoHoSoTiepNhan": self.received,
        }


class NationalCounts:
    """Counts the receipts of every day and reports them three times a month."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._received: Counter[tuple[str, int, int]] = Counter()  # unit, year, month

    def count(self, unit: str, day: int, received: int) -> None:
        on = date.fromordinal(day)
        self._received[unit, on.year, on.month] += received
        self._received[PROVINCE, on.year, on.month] += received

    def reports(self, day: int, is_first_night: bool) -> list[NationalCount]:
        """What is reported that day: all that is known, the month at hand, or the one before."""
        today = date.fromordinal(day)
        month_ends = (today + timedelta(days=1)).month != today.month
        if is_first_night:
            return self._months(today.year, 0) + self._months(today.year - 1, 0)
        if month_ends:
            return self._months(today.year, today.month) + self._years(today.year)
        if today.day in DAYS_OF_REPORT:
            return self._months(today.year, today.month)
        if today.day == DAY_OF_CORRECTION:
            before = today.replace(day=1) - timedelta(days=1)
            return self._months(before.year, before.month)
        return []

    def _months(self, year: int, month: int) -> list[NationalCount]:
        """The counts of one month, or of all of the year for month 0."""
        return [
            NationalCount(unit, year, at, received + self._excess(unit, year, at, received))
            for (unit, in_year, at), received in sorted(self._received.items())
            if in_year == year and month in (0, at)
        ]

    def _years(self, year: int) -> list[NationalCount]:
        sums: Counter[str] = Counter()
        for count in self._months(year, 0):
            sums[count.unit] += count.received
        return [NationalCount(unit, year, WHOLE_YEAR, received) for unit, received in sums.items()]

    def _excess(self, unit: str, year: int, month: int, received: int) -> int:
        """Dossiers the national system counts and the unit's own does not know, in most months."""
        chance = stream(self._seed, "national count", unit, year, month).random()
        return round(received * max(0.0, chance - 0.3) * MORE_THAN_RECEIVED)
