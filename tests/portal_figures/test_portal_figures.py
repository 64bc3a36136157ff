"""The portal's published figures, delivered as an export, stand in the marts as published."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.build import build_marts
from chiso766.gate import open_gate

from ..deliveries import DAY, Row, deliver, load_days, select, set_aside

METRICS = settings.PROJECT_ROOT.parent / "shared" / "data" / "portal" / "metrics.csv"
FIGURES = ("numerator", "denominator", "ratio", "score", "max_score")
PROVINCE = "H21"

pytestmark = pytest.mark.skipif(
    not METRICS.is_file(), reason="the portal's published figures are not beside this checkout"
)


@pytest.fixture(scope="module")
def published() -> list[Row]:
    with METRICS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", autouse=True)
def night(warehouse: Path, published: list[Row]) -> None:
    """A night of a ward that knows itself and its province; only the portal names the others."""
    deliver("portal_scores", "metrics.csv", METRICS.read_bytes())
    ward = min(totals(published))
    deliver(
        "units",
        "units.csv",
        [
            {"MaDonVi": PROVINCE, "TenDonVi": "Tỉnh", "Cap": "tinh", "MaDonViCha": ""},
            {"MaDonVi": ward, "TenDonVi": "Xã", "Cap": "xa", "MaDonViCha": PROVINCE},
        ],
    )
    load_days()
    build_marts()
    open_gate()


def totals(published: list[Row]) -> dict[str, Decimal]:
    """Commune of the province -> its published total of the year."""
    return {
        row["unit_code"]: Decimal(row["score"])
        for row in published
        if row["metric"] == "TOTAL"
        and row["unit_level"] == "COMMUNE"
        and row["unit_code"].startswith(f"{PROVINCE}.")
    }


def number(cell: str) -> Decimal | None:
    return Decimal(cell) if cell else None


def as_published(row: Row) -> tuple[Decimal | None, ...]:
    """The figures of a line of the export; its ratio is in per cent."""
    ratio = number(row["ratio"])
    if ratio is not None:
        ratio /= 100
    return (
        number(row["numerator"]),
        number(row["denominator"]),
        ratio,
        number(row["score"]),
        number(row["max_score"]),
    )


def test_portal_score_has_every_figure_of_the_year_as_published(published: list[Row]) -> None:
    """The file's other lines name no period but a way of counting (``month-all``)."""
    expected = {
        (row["unit_code"], row["metric"]): as_published(row)
        for row in published
        if row["period"] == "2026-year"
    }
    rows = select("select * from marts.portal_score")
    got = {
        (row["unit_code"], row["portal_code"]): tuple(row[column] for column in FIGURES)
        for row in rows
    }
    assert set_aside() == []
    assert got == expected
    assert len(rows) == len(expected) == 987
    assert {(row["period_type"], str(row["period_start"])) for row in rows} == {
        ("year", "2026-01-01")
    }
    assert {row["pulled_on"] for row in rows} == {DAY}


def test_the_communes_of_the_province_are_ranked_by_their_published_totals(
    published: list[Row],
) -> None:
    of = totals(published)
    better = {code: sum(other > score for other in of.values()) for code, score in of.items()}
    expected = {code: (score, "portal", better[code] + 1, 18) for code, score in of.items()}
    got = {
        row["unit_code"]: (row["total_score"], row["source"], row["rank"], row["rank_of"])
        for row in select(
            """select * from marts.unit_ranking
            where province_code = %s and unit_level = 'commune' and period_type = 'year'""",
            PROVINCE,
        )
    }
    assert len(expected) == 18
    assert got == expected
