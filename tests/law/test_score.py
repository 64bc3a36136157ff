"""From counts to a score (rule book, Scoring), by the score model as dbt compiled it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

Row = dict[str, Any]
Score = Callable[..., Row]


@pytest.fixture
def score(scores: Callable[[list[Row]], list[Row]]) -> Score:
    """The score of one row of counts under one profile."""

    def of(
        indicator_code: str,
        numerator: int | None,
        denominator: int | None,
        profile: str = "portal-2026",
        **more: Any,
    ) -> Row:
        count = {"indicator_code": indicator_code, "numerator": numerator}
        count |= {"denominator": denominator, **more}
        [row] = [row for row in scores([count]) if row["profile"] == profile]
        return row

    return of


def test_every_profile_scores_every_row_of_counts(
    scores: Callable[[list[Row]], list[Row]],
) -> None:
    rows = scores([{"indicator_code": "4.1", "numerator": 1, "denominator": 2}])
    assert sorted(row["profile"] for row in rows) == ["decision-766-text", "portal-2026"]
    assert {row["group_code"] for row in rows} == {"MDSH"}


@pytest.mark.parametrize(
    ("indicator_code", "numerator", "denominator", "expected"),
    [
        ("4.1", 269, 800, "2.02"),  # 2.0175
        ("4.1", 67, 400, "1.01"),  # 1.005 exactly: half up, although 4.1's ratio 0.1675 is fine
        ("4.1", 1, 1200, "0.01"),  # 0.005 exactly, and its ratio is not a finite decimal
        ("4.1", 999, 1_200_000, "0.00"),  # 0.004995
        ("4.1", 5_999_999, 6_000_000, "6.00"),
        ("2.1", 1_499_999, 6_000_000, "5.00"),  # 4.99999667
        ("2.1", 1, 3, "6.67"),
        ("4.3", 1, 320, "0.01"),  # 2 × (1/320) / 0.8 = 0.0078
        ("5.4", 3, 40, "0.50"),  # 6 × 0.075 / 0.9
    ],
)
def test_a_score_is_rounded_once_half_up(
    score: Score, indicator_code: str, numerator: int, denominator: int, expected: str
) -> None:
    assert score(indicator_code, numerator, denominator)["score"] == Decimal(expected)
