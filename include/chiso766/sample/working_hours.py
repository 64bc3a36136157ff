"""Office hours and days off.

A moment is a whole number of seconds: 86,400 × the ordinal of its day + the second of the day,
local time. Working time is counted by a second clock that runs in office hours only (its reading is
called a position), so that "four working hours later" is an addition.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date

from chiso766.errors import ChisoError

DAY = 86_400
HOUR = 3_600
OPENING, NOON, AFTERNOON, CLOSING = 27_000, 41_400, 48_600, 61_200  # 7:30, 11:30, 13:30, 17:00
MORNING_LENGTH = NOON - OPENING
WORKING_DAY = MORNING_LENGTH + CLOSING - AFTERNOON
FIRST_YEAR, LAST_YEAR = 2024, 2027

_OFF = {
    2024: "0101 0208 0209 0212 0213 0214 0418 0429 0430 0501 0902 0903",
    2025: "0101 0127 0128 0129 0130 0131 0407 0430 0501 0502 0901 0902",
    2026: "0101 0102 0216 0217 0218 0219 0220 0427 0430 0501 0831 0901 0902 1124",
    2027: "0101 0204 0205 0208 0209 0210 0416 0430 0503 0902 0903 1124",
}
_WORKING_SATURDAYS = {2024: "0504", 2025: "0426", 2026: "0110 0822"}


def _ordinals(days_of_years: dict[int, str]) -> frozenset[int]:
    return frozenset(
        date(year, int(day[:2]), int(day[2:])).toordinal()
        for year, days in days_of_years.items()
        for day in days.split()
    )


DAYS_OFF = _ordinals(_OFF)
WORKING_SATURDAYS = _ordinals(_WORKING_SATURDAYS)


def is_working_day(day: int) -> bool:
    """Whether the day (an ordinal) is a working day."""
    monday_to_friday = (day - 1) % 7 < 5  # ordinal 1 was a Monday
    return (monday_to_friday and day not in DAYS_OFF) or day in WORKING_SATURDAYS


class WorkingHours:
    """The clock of working time over all years whose days off are known, and a few years after."""

    def __init__(self) -> None:
        self._base = date(FIRST_YEAR - 1, 1, 1).toordinal()
        end = date(LAST_YEAR + 3, 1, 1).toordinal()
        self._days = [day for day in range(self._base, end) if is_working_day(day)]
        self._next = [bisect_left(self._days, day) for day in range(self._base, end)]

    def position(self, moment: int) -> int:
        """Working seconds from the first known opening to the moment."""
        day, second = divmod(moment, DAY)
        index = self._next[day - self._base]
        if self._days[index] != day or second <= OPENING:
            return index * WORKING_DAY
        if second < NOON:
            return index * WORKING_DAY + second - OPENING
        if second <= AFTERNOON:
            return index * WORKING_DAY + MORNING_LENGTH
        return index * WORKING_DAY + min(second - AFTERNOON + MORNING_LENGTH, WORKING_DAY)

    def moment(self, position: int) -> int:
        """The moment at which the working clock shows the position."""
        index, second = divmod(position, WORKING_DAY)
        opened = OPENING if second < MORNING_LENGTH else AFTERNOON - MORNING_LENGTH
        return self._days[index] * DAY + opened + second

    def after(self, moment: int, working_seconds: float) -> int:
        """The moment that many working seconds later, in office hours."""
        return self.moment(self.position(moment) + int(working_seconds))

    def day_after(self, day: int, working_days: int) -> int:
        """The n-th working day after a day, not counted; for 0 the first one from that day on."""
        index = self._next[day - self._base]
        if working_days and self._days[index] != day:
            index -= 1
        return self._days[index + working_days]

    def day_before(self, day: int) -> int:
        """The last working day before a day."""
        return self._days[self._next[day - self._base] - 1]


def check_years(first_day: int, last_day: int) -> None:
    """Refuse days whose holidays are not known."""
    first, last = date.fromordinal(first_day), date.fromordinal(last_day)
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise ChisoError(
            f"Lịch nghỉ lễ chỉ có cho các năm {FIRST_YEAR}–{LAST_YEAR}, mà dữ liệu mẫu cần từ"
            f" {first:%d/%m/%Y} đến {last:%d/%m/%Y}: hãy chọn lại ngày cuối hoặc số ngày."
        )


class _DayTexts(dict[int, str]):
    """yyyyMMdd by a day's ordinal, made at first use: most times fall on the same few days."""

    def __missing__(self, day: int) -> str:
        text = self[day] = date.fromordinal(day).strftime("%Y%m%d")
        return text


_DAY_TEXTS = _DayTexts()
_SIXTY = [f"{number:02d}" for number in range(60)]
_TIMES = [hour + minute + second for hour in _SIXTY[:24] for minute in _SIXTY for second in _SIXTY]


def day_text(day: int) -> str:
    """yyyyMMdd of a day's ordinal."""
    return _DAY_TEXTS[day]


def moment_text(moment: int) -> str:
    """yyyyMMddHHmmss of a moment."""
    day, second = divmod(moment, DAY)
    return _DAY_TEXTS[day] + _TIMES[second]


def known_text(moment: int | None, until: int) -> str:
    """The text of a moment that came before ``until``; else the field is not given."""
    if moment is None or moment >= until:
        return ""
    return _DAY_TEXTS[moment // DAY] + _TIMES[moment % DAY]
