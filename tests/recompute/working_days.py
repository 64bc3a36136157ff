"""Working days, as the table in the rule book on reports lists them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from math import ceil

MICROSECONDS_OF_HOUR = 3_600_000_000

_OFF = {
    2024: "1/1 8/2 9/2 12/2 13/2 14/2 18/4 29/4 30/4 1/5 2/9 3/9",
    2025: "1/1 27/1 28/1 29/1 30/1 31/1 7/4 30/4 1/5 2/5 1/9 2/9",
    2026: "1/1 2/1 16/2 17/2 18/2 19/2 20/2 27/4 30/4 1/5 31/8 1/9 2/9 24/11",
    2027: "1/1 4/2 5/2 8/2 9/2 10/2 16/4 30/4 3/5 2/9 3/9 24/11",
}
_SATURDAYS = {2024: "4/5", 2025: "26/4", 2026: "10/1 22/8"}


def _days(listed: dict[int, str]) -> frozenset[date]:
    return frozenset(
        date(year, int(month), int(day))
        for year, days in listed.items()
        for day, month in (text.split("/") for text in days.split())
    )


OFF = _days(_OFF)
SATURDAYS = _days(_SATURDAYS)


def is_working_day(day: date) -> bool:
    return day in SATURDAYS or (day.weekday() < 5 and day not in OFF)


@cache
def working_day_after(day: date, days: int) -> date:
    """``day + days``: the n-th working day after the day, which is not counted itself."""
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def working_days_between(day: date, other: date) -> int:
    """How many working days the other day is after the day; negative where it is before it."""
    if other < day:
        return -working_days_between(other, day)
    days = (day + timedelta(days=number) for number in range(1, (other - day).days + 1))
    return sum(map(is_working_day, days))


def due_after_limit(received: datetime, limit: Fraction, unit: str) -> datetime | None:
    """Receive time plus a procedure's limit (2.1, due time); None where there is no limit."""
    if limit <= 0:
        return None
    if unit == "ngay_lam_viec":
        last = working_day_after(received.date(), ceil(limit))
        return datetime.combine(last, time(23, 59, 59))
    if unit == "ngay":
        return received + timedelta(days=ceil(limit))
    if unit == "thang":
        return _months_later(received, ceil(limit))
    if unit == "gio":
        return _hours_later(received, limit)
    return None


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    following = (first + timedelta(days=31)).replace(day=1)
    day = min(moment.day, (following - timedelta(days=1)).day)
    return moment.replace(year=year, month=month + 1, day=day)


def _hours_later(moment: datetime, hours: Fraction) -> datetime:
    """The clock of hours runs around the clock on working days and stands still on others."""
    left = timedelta(microseconds=round(hours * MICROSECONDS_OF_HOUR))
    while True:
        midnight = datetime.combine(moment.date() + timedelta(days=1), time())
        if is_working_day(moment.date()):
            if left <= midnight - moment:
                return moment + left
            left -= midnight - moment
        moment = midnight
