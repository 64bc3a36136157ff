"""Published scores as CSV with the columns of the shared figures."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from ..deliveries import DAY, deliver, load_days, newest, select, set_aside
from . import tables
from .rows import counts, keyed

pytestmark = pytest.mark.usefixtures("empty_warehouse")

FIGURES = Path(__file__).parents[3] / "shared" / "data" / "portal" / "metrics.csv"


@pytest.mark.skipif(not FIGURES.exists(), reason="the shared figures are not here")
def test_the_shared_figures_are_read_as_they_are() -> None:
    deliver("portal_scores", "metrics.csv", FIGURES.read_bytes())
    load_days()

    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert counts("metrics.csv") == (len(rows), len(rows), 0)
    known = {
        (row["unit_code"], row["period"].removesuffix("-year"), row["metric"]): row
        for row in newest("portal_scores").values()
    }
    for row in rows:
        found = known[row["unit_code"], row["period"].removesuffix("-year"), row["metric"]]
        assert found["unit_name"] == (row["unit_name"].strip() or None)
        for column in ("numerator", "denominator", "ratio", "score", "max_score"):
            assert found[column] == (Decimal(row[column]) if row[column] else None)


@pytest.mark.parametrize("period", ["2026-11", "2026-Q4", "2026"])
def test_a_period_is_a_month_a_quarter_or_a_year(period: str) -> None:
    rows = [keyed("portal_scores", 1, period=period, score="", numerator="")]
    deliver("portal_scores", "a.csv", tables.comma_separated(tables.plain(rows)))
    load_days()

    (row,) = newest("portal_scores").values()
    assert row["period"] == period
    assert row["score"] is row["numerator"] is None
    assert not set_aside()


def test_a_year_may_be_written_with_its_word_and_the_later_row_wins() -> None:
    rows = [
        keyed("portal_scores", 1, period=period, score=score)
        for period, score in (("2026", "1"), ("2026-year", "2"))
    ]
    deliver("portal_scores", "a.jsonl", rows)
    load_days(DAY)

    (row,) = newest("portal_scores").values()
    assert row["score"] == 2
    assert select("select count(distinct row_key) as keys from raw.portal_scores")[0]["keys"] == 1
