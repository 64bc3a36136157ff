"""Our calendar of days off against that of the package ``holidays``."""

from __future__ import annotations

from datetime import date
from typing import Any

import holidays
import psycopg

YEARS = range(2024, 2028)
DIFFERENCES = {
    date(2026, 1, 2): "official day off, a working day in the package",
    date(2026, 1, 10): "official working Saturday, unknown to the package",
}


def test_the_calendar_differs_from_the_package_on_the_named_days_only(
    seeds: psycopg.Connection[dict[str, Any]],
) -> None:
    ours = {
        (row["day"], row["kind"])
        for row in seeds.execute("select day, kind from reference.holidays")
    }
    vietnam = holidays.country_holidays("VN", years=YEARS)
    theirs = {(day, "off") for day in vietnam if day.weekday() < 5} | {
        (day, "working_saturday") for day in vietnam.weekend_workdays if day.year in YEARS
    }
    assert {day for day, _ in ours ^ theirs} == set(DIFFERENCES)
