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
    seeds: psycopg.Connection[Row], scores: Callable[[list[Row]], list[Row]]
) -> None:
    rows = scores([{"indicator_code": "4.1", "numerator": 1, "denominator": 2}])
    in_force = seeds.execute(
        "select distinct profile from law.scoring_rules"
        " where date '2026-11-30' between valid_from and valid_to order by profile"
    ).fetchall()
    assert sorted(row["profile"] for row in rows) == [row["profile"] for row in in_force]
    assert {row["group_code"] for row in rows} == {"MDSH"}


@pytest.mark.parametrize(
    ("indicator_code", "numerator", "denominator", "expected"),
    [
        ("4.1", 269, 800, "2.02"),  # 2.0175
        ("4.1", 1, 1200, "0.01"),  # 0.005 exactly, although the ratio is no finite decimal
        ("2.1", 1, 4000, "0.01"),  # 0.005 exactly
        ("4.1", 999, 1_200_000, "0.00"),  # 0.004995
        ("2.1", 1, 3, "6.67"),
        ("5.4", 3, 40, "0.50"),  # target 90 %
        ("4.3", 1, 500, "0.01"),  # target 80 %: 0.005 exactly
        ("4.1", 5_994_999, 6_000_000, "5.99"),  # 5.994999
        ("4.1", 0, 7, "0.00"),
    ],
)
def test_a_score_is_rounded_once_half_up(
    score: Score, indicator_code: str, numerator: int, denominator: int, expected: str
) -> None:
    assert score(indicator_code, numerator, denominator)["score"] == Decimal(expected)


@pytest.mark.parametrize(
    ("numerator", "expected"), [(799, "2.00"), (800, "2.00"), (801, "2.00"), (796, "1.99")]
)
def test_a_score_reaches_its_maximum_at_the_target_and_stays_there(
    score: Score, numerator: int, expected: str
) -> None:
    assert score("4.3", numerator, 1000)["score"] == Decimal(expected)


def test_the_ratio_is_not_rounded(score: Score) -> None:
    assert abs(score("2.1", 1, 3)["ratio"] * 3 - 1) < Decimal("1e-15")


def test_a_share_is_at_most_1_but_hours_per_dossier_are_not(score: Score) -> None:
    assert score("1.4", 12, 10)["ratio"] == 1
    assert score("2.2", 120, 10)["ratio"] == 12


@pytest.mark.parametrize(
    ("indicator_code", "expected"),
    [("1.1", None), ("4.5a", None), ("2.1", 0), ("3.3", 0), ("5.2", 6), ("5.3", 6), ("5.4", 0)],
)
def test_a_denominator_of_0_scores_by_its_zero_rule(
    score: Score, indicator_code: str, expected: int | None
) -> None:
    row = score(indicator_code, 0, 0)
    assert (row["status"], row["ratio"], row["score"]) == ("no_denominator", None, expected)


@pytest.mark.parametrize(
    ("factor_numerator", "factor_denominator", "ratio", "expected"),
    [
        (1, 1, "0.25", "3.00"),
        (3, 4, "0.1875", "2.25"),
        (5, 4, "0.25", "3.00"),
        (0, 4, "0", "0.00"),
        (0, 0, "0", "0.00"),
        (None, None, "0", "0.00"),
    ],
)
def test_3_3_is_multiplied_by_the_ratio_of_1_4_at_most_1_and_0_without_it(
    score: Score,
    factor_numerator: int | None,
    factor_denominator: int | None,
    ratio: str,
    expected: str,
) -> None:
    row = score(
        "3.3",
        5,
        20,
        has_factor=True,
        factor_numerator=factor_numerator,
        factor_denominator=factor_denominator,
    )
    assert (row["ratio"], row["score"]) == (Decimal(ratio), Decimal(expected))
    assert (row["numerator"], row["denominator"]) == (5, 20)


def test_4_6_is_full_and_without_counts_by_the_portal(score: Score) -> None:
    portal = score("4.6", 0, 1)
    assert (portal["numerator"], portal["denominator"], portal["ratio"]) == (None, None, None)
    assert (portal["status"], portal["score"]) == ("scored", 2)


@pytest.mark.parametrize(("numerator", "expected"), [(0, 0), (1, 2)])
def test_4_6_is_scored_by_the_flag_in_the_text(score: Score, numerator: int, expected: int) -> None:
    row = score("4.6", numerator, 1, profile="decision-766-text")
    assert (row["numerator"], row["denominator"], row["score"]) == (numerator, 1, expected)


def test_4_6_of_a_province_without_communes_is_full_in_the_text(score: Score) -> None:
    row = score("4.6", 0, 0, profile="decision-766-text", unit_level="province")
    assert (row["status"], row["score"]) == ("no_denominator", 2)


@pytest.mark.parametrize(
    ("profile", "expected"), [("portal-2026", 2), ("decision-766-text", "2.5")]
)
def test_4_2_has_its_full_score_at_80_percent_in_the_text_only(
    score: Score, profile: str, expected: int | str
) -> None:
    assert score("4.2", 1, 2, profile=profile)["score"] == Decimal(expected)


@pytest.mark.parametrize("unit_level", ["commune", "agency", "province"])
def test_3_1_is_scored_for_a_province_only_and_its_counts_are_shown_for_all(
    score: Score, unit_level: str
) -> None:
    expected = ("scored", 2) if unit_level == "province" else ("not_applicable", 0)
    row = score("3.1", 8, 10, unit_level=unit_level)
    assert (row["status"], row["score"]) == expected
    assert (row["numerator"], row["denominator"], row["max_score"]) == (8, 10, 2)


@pytest.mark.parametrize(
    ("indicator_code", "denominator", "has_source", "status", "expected"),
    [
        ("3.1", 0, False, "no_source", None),
        ("2.2", 0, False, "no_source", None),
        ("5.2", 0, False, "no_source", None),
        ("4.6", 0, False, "no_source", None),
        ("3.1", 0, True, "not_applicable", 0),
        ("2.2", 0, True, "unscored", None),
        ("5.1a", 4, True, "unscored", None),
        ("5.2", 0, True, "no_denominator", 6),
        ("5.2", 4, True, "scored", Decimal("1.5")),
    ],
)
def test_of_several_statuses_the_first_holds(
    score: Score,
    indicator_code: str,
    denominator: int,
    has_source: bool,
    status: str,
    expected: Decimal | None,
) -> None:
    row = score(indicator_code, min(1, denominator), denominator, has_source=has_source)
    assert (row["status"], row["score"]) == (status, expected)


@pytest.mark.parametrize(
    ("ends_on", "expected"), [("2026-11-29", 3), ("2026-11-30", 2), ("2026-12-31", 2)]
)
def test_the_rule_in_force_on_the_last_day_of_the_period_applies(
    seeds: psycopg.Connection[Row], score: Score, ends_on: str, expected: int
) -> None:
    seeds.execute(
        """insert into law.scoring_rules
        select profile, indicator_code, unit_level, scoring, 4, target_ratio, zero_denominator,
            '2026-11-30', valid_to, legal_reference, note
        from law.scoring_rules where indicator_code = '4.1'"""
    )
    seeds.execute(
        """update law.scoring_rules set valid_to = '2026-11-29'
        where indicator_code = '4.1' and valid_from < '2026-11-30'"""
    )
    assert score("4.1", 1, 2, ends_on=ends_on)["score"] == expected


def test_a_period_that_ended_before_the_decision_has_no_score(
    scores: Callable[[list[Row]], list[Row]],
) -> None:
    count = {"indicator_code": "4.1", "numerator": 1, "denominator": 2}
    assert scores([count | {"ends_on": "2022-06-22"}]) == []
    assert len(scores([count | {"ends_on": "2022-06-23"}])) > 0
