"""The score in Python (points.py) is that of the score model, to the cent."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import psycopg

from chiso766 import points
from chiso766.points import FACTOR_OF, Indicator

Row = dict[str, Any]

UNITS = 250
# Counts at which scores end on half a cent (4000, 1200, 500), and large ones.
DENOMINATORS = (1, 2, 3, 7, 40, 353, 500, 1200, 4000, 24_999, 25_000, 3_000_000)


def test_every_score_is_that_of_the_score_model(
    seeds: psycopg.Connection[Row], scores: Callable[[list[Row]], list[Row]]
) -> None:
    rules = seeds.execute(
        "select indicator_code, max_score, target_ratio from law.scoring_rules"
        " where profile = 'portal-2026' and unit_level = 'commune' and scoring = 'ratio'"
        " and date '2026-11-30' between valid_from and valid_to"
    ).fetchall()
    chance = random.Random(766)
    counts = [row for unit in range(UNITS) for row in _counts(chance, str(unit), rules)]
    expected = {
        (row["unit_code"], row["indicator_code"]): row["score"]
        for row in scores(counts)
        if row["profile"] == "portal-2026"
    }
    assert len(expected) == len(counts) > 4000

    for unit in range(UNITS):
        own = {row["indicator_code"]: row for row in counts if row["unit_code"] == str(unit)}
        indicators = {
            rule["indicator_code"]: Indicator(
                Fraction(rule["max_score"]),
                Fraction(rule["target_ratio"]),
                Fraction(own[rule["indicator_code"]]["numerator"]),
                Fraction(own[rule["indicator_code"]]["denominator"]),
            )
            for rule in rules
            if own[rule["indicator_code"]]["denominator"]
        }
        for code, cents in points.scores(indicators).items():
            assert Fraction(cents, 100) == expected[str(unit), code], own[code]


def _counts(chance: random.Random, unit: str, rules: list[Row]) -> list[Row]:
    """Counts of every indicator; the national count of 1.4 may be below the own one, or 0."""
    rows = {}
    for rule in rules:
        code, denominator = rule["indicator_code"], chance.choice(DENOMINATORS)
        if code == "1.4":
            denominator *= chance.choice((0, 1, 1, 1))
        numerator = chance.randint(0, denominator + chance.choice((0, denominator // 10)))
        rows[code] = {
            "indicator_code": code,
            "unit_code": unit,
            "numerator": numerator,
            "denominator": denominator,
        }
    for code, factor in FACTOR_OF.items():
        rows[code] |= {
            "has_factor": True,
            "factor_numerator": rows[factor]["numerator"],
            "factor_denominator": rows[factor]["denominator"],
        }
    return list(rows.values())
