"""Every row of the law has golden cases that would differ without it; a new row needs new ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from .cases import ANYTHING, FOLDER, Case, Row, all_cases, read_csv

LAW = FOLDER.parents[1] / "dbt" / "seeds" / "law"
LEVELS = {"tinh": "province", "so": "agency", "xa": "commune"}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
# These count the unit itself: one thing, wholly in the numerator or out of it.
COUNT_ONE_THING = {("4.6", "commune"), ("4.6", "agency")}


def law(name: str) -> list[Row]:
    return read_csv(LAW / f"{name}.csv")


def expected(mart: str) -> Iterator[tuple[Case, Row]]:
    """What the cases expect of a mart; the rows also bear ``unit_level`` and ``ends_on`` (ISO)."""
    name = "expected.csv" if mart == "fct_indicator" else f"expected_{mart}.csv"
    for case in all_cases():
        levels = {unit["MaDonVi"]: LEVELS[unit["Cap"]] for unit in _units(case)}
        for file in case.folder.glob(name):
            for row in read_csv(file):
                more = {"unit_level": levels[row["unit_code"]], "ends_on": _ends_on(row)}
                yield case, row | more


def _units(case: Case) -> list[Row]:
    return [row for file in case.folder.glob("exports/*/units/*.csv") for row in read_csv(file)]


def _ends_on(row: Row) -> str:
    start = date.fromisoformat(row["period_start"])
    years, month = divmod(start.month - 1 + MONTHS[row["period_type"]], 12)
    return str(date(start.year + years, month + 1, 1) - timedelta(days=1))


def is_in_force(law_row: Row, row: Row) -> bool:
    return law_row["valid_from"] <= row["ends_on"] <= law_row["valid_to"]


@cache
def expected_indicators() -> list[Row]:
    return [row for _, row in expected("fct_indicator") if row["score"] != ANYTHING]


def needed(rule: Row) -> set[str]:
    """What cases must show of a rule: each of its cells makes one of these another."""
    if rule["scoring"] in ("not_applicable", "unscored"):
        return {rule["scoring"]}
    if rule["scoring"] == "constant" or is_of_one_thing(rule):
        return {"its maximum"}
    return {"its maximum", "a part of it", "no_denominator"}


def is_of_one_thing(rule: Row) -> bool:
    return (rule["indicator_code"], rule["unit_level"]) in COUNT_ONE_THING


def shown(rule: Row) -> set[str]:
    key = ("profile", "indicator_code", "unit_level")
    return {
        what_it_shows(rule, row)
        for row in expected_indicators()
        if all(row[column] == rule[column] for column in key) and is_in_force(rule, row)
    }


def what_it_shows(rule: Row, row: Row) -> str:
    if row["status"] != "scored":
        return row["status"]
    if Decimal(row["score"]) == Decimal(rule["max_score"]):
        return "its maximum"
    return "a part of it" if Decimal(row["score"]) > 0 else "nothing"


def test_every_scoring_rule_is_defended_at_its_maximum_below_it_and_without_denominator() -> None:
    undefended = [
        (rule["profile"], rule["indicator_code"], rule["unit_level"], rule["valid_from"], missing)
        for rule in law("scoring_rules")
        if (missing := needed(rule) - shown(rule))
    ]
    assert undefended == []


@pytest.mark.parametrize("rating", law("ratings"), ids=lambda row: row["rating"])
def test_every_rating_is_defended_at_its_least_total_and_less_than_a_point_below(
    rating: Row,
) -> None:
    least = Decimal(rating["min_score"])
    cards = [
        (Decimal(row["total_score"]), row["rating"])
        for _, row in expected("fct_scorecard")
        if is_in_force(rating, row)
    ]
    assert (least, rating["rating"]) in cards
    assert least == 0 or any(
        least - 1 < total < least and given != rating["rating"] for total, given in cards
    )


@pytest.mark.parametrize("limit", law("working_day_limits"), ids=lambda row: row["limit_code"])
def test_every_working_day_limit_is_defended_by_a_case_that_names_it(limit: Row) -> None:
    """Such a case expects things on both sides of the limit."""
    assert [
        case.name
        for case, row in expected("fct_indicator")
        if f"Thời hạn: `{limit['limit_code']}`" in (case.folder / "README.md").read_text("utf-8")
        and row["indicator_code"] == case.indicator
        and is_in_force(limit, row)
        and 0 < Decimal(row["numerator"]) < Decimal(row["denominator"])
    ]


def test_every_indicator_has_evidence_of_a_thing_that_is_in_and_of_one_that_is_not() -> None:
    """4.6 has no evidence; the dossiers of 2.2 are all in, for none of them has a reason not to."""
    found = {
        (row["indicator_code"], row["in_numerator"])
        for _, row in expected("indicator_evidence")
        if row["in_numerator"] == "true" or (row.get("reason") and row["points_lost"])
    }
    codes = {row["indicator_code"] for row in law("indicators")}
    wanted = {(code, is_in) for code in codes - {"4.6"} for is_in in ("true", "false")}
    assert wanted - found == {("2.2", "false")}
