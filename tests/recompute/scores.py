"""Scores, statuses, groups, totals and ratings of both profiles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .indicators import Count, Counts, rounded

PROFILES = ("portal-2026", "decision-766-text")
DEFAULT_PROFILE = PROFILES[0]

_TABLE = """
1.1  CKMB    6  100 absent announcements
1.2  CKMB    4  100 absent announcements
1.3  CKMB    2  100 absent procedures
1.4  CKMB    6  100 absent dossiers
2.1  TDGQ   20  100 zero   dossiers
2.2  TDGQ    0  100 absent dossiers
3.1  ONLINE  2   80 zero   procedures
3.2  ONLINE  4  100 zero   online_services
3.3  ONLINE  6   50 zero   dossiers
3.5a TTTT    2   80 zero   procedures
3.5b TTTT    2   80 zero   procedures
3.6  TTTT    6  100 zero   dossiers
4.1  MDSH    6  100 absent dossiers
4.2  MDSH    4  100 absent dossiers
4.3  MDSH    2   80 absent dossiers
4.4  MDSH    4  100 absent dossiers
4.5a MDSH    2  100 absent procedures
4.5b MDSH    2  100 absent dossiers
4.6  MDSH    2  100 full   units
5.1a MDHL    0  100 absent petitions
5.1b MDHL    0  100 absent petitions
5.2  MDHL    6  100 full   petitions
5.3  MDHL    6  100 full   petitions
5.4  MDHL    6   90 zero   dossiers
"""


@dataclass(frozen=True)
class Rule:
    group: str
    maximum: int
    target: Fraction
    at_zero: str
    source: str


def _rules() -> dict[str, Rule]:
    rules = {}
    for line in _TABLE.split("\n"):
        if line:
            code, group, maximum, target, at_zero, source = line.split()
            rules[code] = Rule(group, int(maximum), Fraction(int(target), 100), at_zero, source)
    return rules


RULES: Mapping[str, Rule] = _rules()
RATINGS = ((90, "xuat_sac"), (80, "tot"), (70, "kha"), (50, "trung_binh"), (0, "yeu"))


@dataclass(frozen=True)
class Scored:
    """One row of the scorecard; the score is None where there is none."""

    numerator: Decimal | None
    denominator: int | None
    ratio: Fraction | None
    score: Decimal | None
    status: str


def scored(profile: str, code: str, count: Count, level: str, read: Collection[str]) -> Scored:
    exact = exact_score(profile, code, count, level, read)
    score = None if exact is None else rounded(exact)
    status = _status(profile, code, count, level, read)
    if _is_constant(profile, code):
        return Scored(None, None, None, score, status)
    return Scored(count.numerator, count.denominator, count.ratio, score, status)


def exact_score(
    profile: str, code: str, count: Count, level: str, read: Collection[str]
) -> Fraction | None:
    """The score before it is rounded; None where there is none."""
    maximum = Fraction(RULES[code].maximum)
    status = _status(profile, code, count, level, read)
    if status in ("no_source", "unscored"):
        return None
    if status == "not_applicable":
        return Fraction(0)
    if status == "no_denominator":
        return {"absent": None, "zero": Fraction(0), "full": maximum}[RULES[code].at_zero]
    if _is_constant(profile, code):
        return maximum
    ratio = count.ratio
    assert ratio is not None
    return min(maximum, maximum * ratio / target(profile, code))


def exact_total(counts: Counts, level: str, read: Collection[str]) -> Fraction:
    """The total in the default profile without any rounding."""
    scores = (exact_score(DEFAULT_PROFILE, code, counts[code], level, read) for code in RULES)
    return sum((score for score in scores if score is not None), Fraction(0))


def _is_constant(profile: str, code: str) -> bool:
    """4.6 as published: the full score for every unit, without counts."""
    return code == "4.6" and profile == "portal-2026"


def _status(profile: str, code: str, count: Count, level: str, read: Collection[str]) -> str:
    if RULES[code].source not in read:
        return "no_source"
    if code == "3.1" and level != "tinh":
        return "not_applicable"
    if not RULES[code].maximum:
        return "unscored"
    return "scored" if count.denominator or _is_constant(profile, code) else "no_denominator"


def target(profile: str, code: str) -> Fraction:
    if code == "4.2" and profile == "decision-766-text":
        return Fraction(80, 100)
    return RULES[code].target


@dataclass(frozen=True)
class Scorecard:
    indicators: dict[str, Scored]
    groups: dict[str, Decimal]
    total: Decimal
    rating: str
    measured: int
    expected: int


def scorecard(profile: str, counts: Counts, level: str, read: Collection[str]) -> Scorecard:
    rows = {code: scored(profile, code, counts[code], level, read) for code in RULES}
    groups: dict[str, Decimal] = {}
    for code, row in rows.items():
        group = RULES[code].group
        groups[group] = groups.get(group, Decimal(0)) + (row.score or Decimal(0))
    total = sum(groups.values(), Decimal(0))
    with_maximum = [row for code, row in rows.items() if RULES[code].maximum]
    return Scorecard(
        rows,
        groups,
        total,
        next(name for least, name in RATINGS if total >= least),
        sum(row.status == "scored" for row in with_maximum),
        sum(row.status != "not_applicable" for row in with_maximum),
    )
