"""How good the forecast of the score is: ``python -m benchmarks.forecast``.

Writes sample exports of half a year, loads them into a scratch warehouse, and looks at it as of 5,
10, 15 and 20 working days before the end of each of the last months. What ``score_forecast`` then
expected is compared with the score at the end of the month, quarter and year, and with the naive
forecast that the score stays as it is.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from psycopg.rows import dict_row

from chiso766 import server, settings, warehouse
from chiso766.build import run_dbt
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.fetch import fetch_day
from chiso766.sample import write_sample
from chiso766.sample.working_hours import is_working_day

Row = dict[str, Any]

FIRST_DAY, LAST_DAY = date(2026, 7, 1), date(2026, 12, 31)
FIRST_MONTH = date(2026, 8, 1)  # looked at; before it the history is too short
DAYS_BEFORE_END = (5, 10, 15, 20)
EVERY_LOAD = 2**62


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=6)
    parser.add_argument("--dossiers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CHISO_HOME": f"{folder}/home", "CHISO_EXPORTS": f"{folder}/exports"}
        days = (LAST_DAY - FIRST_DAY).days + 1
        write_sample(Path(folder) / "exports", days=days, last_day=LAST_DAY, **vars(arguments))
        server.start()
        try:
            load()
            print("\n".join(table(seen())))
        finally:
            server.stop()


def load() -> None:
    warehouse.prepare()
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        fetch_day(FIRST_DAY + timedelta(days=number))
        check_day(FIRST_DAY + timedelta(days=number))
    run_dbt(["seed"], LAST_DAY, EVERY_LOAD)


def seen() -> list[Row]:
    """The rows of ``score_forecast`` as of each day that is looked at, with ``as_of_day``."""
    rows = []
    for day in _days():
        result = run_dbt(["run", "--select", "+score_forecast"], day, EVERY_LOAD)
        if not result.success:
            raise RuntimeError(f"the build as of {day} failed: {settings.load().logs / 'dbt.log'}")
        with connect() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            query = b"select * from marts_next.score_forecast"
            rows += [row | {"as_of_day": day} for row in cursor.execute(query)]
    return rows


def _days() -> Iterator[date]:
    """Of each month the days with so many working days after them, and the last day."""
    month = FIRST_MONTH
    while month <= LAST_DAY:
        following = (month + timedelta(days=32)).replace(day=1)
        days = [date.fromordinal(day) for day in range(month.toordinal(), following.toordinal())]
        working_days = [day for day in days if is_working_day(day.toordinal())]
        yield from (
            day for left, day in enumerate(reversed(working_days)) if left in DAYS_BEFORE_END
        )
        yield following - timedelta(days=1)
        month = following


def table(rows: list[Row]) -> list[str]:
    """The errors by period and working days left, as lines of Markdown."""
    ends = {_key(row): row["score_now"] for row in rows if row["as_of_day"] == row["ends_on"]}
    groups = defaultdict(list)
    for row in rows:
        if row["as_of_day"] < row["ends_on"] and _key(row) in ends:
            for band in (_band(row["working_days_left"]), "all"):
                groups[row["period_type"], band].append(row)
    lines = [
        "| period | working days left | forecasts | error | bias | error if it stays | bias"
        " | in the 80 % interval | its width |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for (period, left), group in sorted(groups.items()):
        real = [ends[_key(row)] for row in group]
        errors = [row["expected_score"] - end for row, end in zip(group, real, strict=True)]
        naive = [row["score_now"] - end for row, end in zip(group, real, strict=True)]
        inside = [
            row["low_score"] <= end <= row["high_score"]
            for row, end in zip(group, real, strict=True)
        ]
        width = fmean(row["high_score"] - row["low_score"] for row in group)
        lines.append(
            f"| {period} | {left} | {len(group)} | {fmean(map(abs, errors)):.2f}"
            f" | {fmean(errors):+.2f} | {fmean(map(abs, naive)):.2f} | {fmean(naive):+.2f}"
            f" | {fmean(inside):.0%} | {width:.2f} |"
        )
    return lines


def _key(row: Row) -> tuple[str, str, date]:
    return row["unit_code"], row["period_type"], row["period_start"]


def _band(left: int) -> str:
    """The days left; those of the long periods taken together by months."""
    if left <= DAYS_BEFORE_END[-1]:
        return f"{left:>3}"
    first = (left - 1) // 20 * 20 + 1
    return f"{first:>3} to {first + 19}"


if __name__ == "__main__":
    main()
