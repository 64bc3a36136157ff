"""Desks work in office hours; the calendar is that of the reports' rule book."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso766.errors import ChisoError
from chiso766.sample.working_hours import (
    DAY,
    DAYS_OFF,
    WORKING_DAY,
    WORKING_SATURDAYS,
    WorkingHours,
    check_years,
    is_working_day,
    moment_text,
)

from .exports_read import Sample

HOLIDAYS = Path(__file__).parents[2] / "dbt" / "seeds" / "reference" / "holidays.csv"
HOURS = WorkingHours()
moments = st.integers(date(2025, 1, 1).toordinal() * DAY, date(2027, 12, 31).toordinal() * DAY)


def moment(text: str) -> int:
    at = datetime.fromisoformat(text)
    return at.toordinal() * DAY + at.hour * 3600 + at.minute * 60 + at.second


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def is_office_hour(time: str) -> bool:
    on = date(int(time[:4]), int(time[4:6]), int(time[6:8]))
    clock = time[8:14]
    is_open = "073000" <= clock <= "113000" or "133000" <= clock <= "170000"
    return is_open and is_working_day(on.toordinal())


def test_the_calendar_is_the_seed_of_the_marts() -> None:
    with HOLIDAYS.open(encoding="utf-8") as file:
        rows = [(date.fromisoformat(row["day"]), row["kind"]) for row in csv.DictReader(file)]
    off = {on.toordinal() for on, kind in rows if kind == "off" and on.weekday() < 5}
    working = {on.toordinal() for on, kind in rows if kind != "off"}
    assert (off, working) == (set(DAYS_OFF), set(WORKING_SATURDAYS))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-02T07:30:00", 4, "2026-11-02T13:30:00"),  # over noon
        ("2026-11-02T16:00:00", 2, "2026-11-03T08:30:00"),  # over night
        ("2026-11-06T16:59:59", 1, "2026-11-09T08:29:59"),  # over a weekend
        ("2026-02-13T16:00:00", 2, "2026-02-23T08:30:00"),  # over Tết
        ("2026-01-09T16:00:00", 2, "2026-01-10T08:30:00"),  # into a working Saturday
        ("2026-11-07T12:00:00", 1, "2026-11-09T08:30:00"),  # from a Saturday
        ("2026-11-02T12:00:00", 1, "2026-11-02T14:30:00"),  # from the lunch break
        ("2026-11-02T03:00:00", 1, "2026-11-02T08:30:00"),  # from the night
    ],
)
def test_working_time_passes_in_office_hours_only(start: str, hours: int, end: str) -> None:
    assert HOURS.after(moment(start), hours * 3600) == moment(end)


@given(moments, st.integers(0, 40 * WORKING_DAY))
def test_work_ends_in_office_hours_and_takes_its_time(start: int, seconds: int) -> None:
    end = HOURS.after(start, seconds)
    assert is_office_hour(moment_text(end))
    assert HOURS.position(end) - HOURS.position(start) == seconds


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-02-13", 1, "2026-02-23"),
        ("2026-11-06", 1, "2026-11-09"),
        ("2026-11-07", 1, "2026-11-09"),
        ("2026-11-07", 0, "2026-11-09"),
        ("2026-11-06", 0, "2026-11-06"),
        ("2026-01-09", 1, "2026-01-10"),
    ],
)
def test_a_day_in_working_days_does_not_count_the_first(start: str, days: int, end: str) -> None:
    assert HOURS.day_after(day(start), days) == day(end)


def test_desks_receive_and_finish_in_office_hours(sample: Sample) -> None:
    for exported in sample.rows("dossiers"):
        row = exported.row
        desk = ["NgayTiepNhan", "NgayKetThucXuLy", "NgayTuChoi", "NgayTra"]
        desk += [] if row["KenhThucHien"] == "2" else ["NgayNopHoSo"]
        assert all(is_office_hour(row[field]) for field in desk if row[field])
        for one in row["DanhSachHoSoBoSung"]:
            assert is_office_hour(one["NgayBoSung"])
            arrived = one["NgayTiepNhanBoSung"]
            assert not arrived or row["KenhThucHien"] == "2" or is_office_hour(arrived)


def test_promises_are_for_working_days(sample: Sample) -> None:
    promised = [one.row["NgayHenTra"] for one in sample.rows("dossiers") if one.row["NgayHenTra"]]
    assert all(is_office_hour(time) for time in promised)


def test_petitions_are_handled_in_office_hours(sample: Sample) -> None:
    for exported in sample.rows("petitions"):
        for field in ("NgayTiepNhan", "NgayTuChoi", "NgayTraLoi", "NgayCongKhai"):
            assert not exported.row[field] or is_office_hour(exported.row[field])


def test_citizens_submit_online_round_the_clock(sample: Sample) -> None:
    online = {
        one.row["MaHoSo"]: one.row["NgayNopHoSo"]
        for one in sample.rows("dossiers")
        if one.row["KenhThucHien"] == "2"
    }
    at_night = [time for time in online.values() if not is_office_hour(time)]
    assert 0.2 < len(at_night) / len(online) < 0.6


def test_years_without_known_holidays_are_refused() -> None:
    with pytest.raises(ChisoError, match="2024–2027"):
        check_years(day("2027-11-01"), day("2028-01-03"))
