"""What the portal published, beside the own figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from .exports import Row, to_number, to_period
from .indicators import Period
from .scores import DEFAULT_PROFILE, Scored
from .tables import PLACE, Key, Recomputed, Table, Values

FIGURES = ("numerator", "denominator", "score")
LEVELS = {"COMMUNE": "commune", "AGENCY": "agency", "PROVINCE": "province"}
TOTAL = "TOTAL"
_INDICATORS = """
1.1  PUBLISH_ON_TIME
1.2  PUBLIC_UPDATE_ON_TIME
1.3  PUBLIC_CONTENT_FULL
1.4  DOSSIER_SYNC
2.1  totalOnTime / totalReceived
2.1  DOSSIER_ON_TIME
2.2  avgProcessingDays
3.1  (partialCount + fullCount) / authorityCount
3.2  onlineDossierCount / onlineServiceTotal
3.3  channelOnlineSum / channelTotalSum
3.5a totalFeeDossierFormality / totalFeeFormality
3.5b totalDossierOnlineFormalityPaymentSuccess / totalFeeFormality
3.6  totalDossierOnlinePaymentSuccess / totalDossierFinancialObligation
4.1  ORIGINAL_RESULT_AVAILABLE
4.2  SO_HOA_GIAY_TO_GIAI_QUYET
4.3  REUSED_DIGITIZED_DATA
4.4  SYNCED_WITH_DVCQG_PERSONAL_STORAGE
4.5a CITIZEN_DATA_CONNECTED_FORMALITY
4.5b CITIZEN_DATA_CONNECTED_DOSSIER
4.6  ELECTRONIC_CERTIFIED_COPY
5.1a PETITION_CLASSIFICATION_TTHC
5.1b PETITION_CLASSIFICATION_STAFF
5.2  PETITION_PROCESSING_ON_TIME
5.3  PETITION_HANDLING_SATISFACTION
5.4  DOSSIER_RECEIVING_SATISFACTION
"""
INDICATOR_OF = {line[5:]: line[:5].strip() for line in _INDICATORS.strip().split("\n")}
"""The indicator of a code of the portal; 2.1 has another one in the published tables."""


class Published(NamedTuple):
    """What the portal says of an indicator; None is what it does not say."""

    numerator: Fraction | None
    denominator: Fraction | None
    score: Fraction | None
    pulled_on: date


def newest(own: Recomputed) -> dict[tuple[str, Period, str], tuple[date, Row]]:
    """The row of the newest pull that says anything of a unit, period and code of the portal."""
    found = {}
    for day, row in sorted(own.world.pulls(), key=lambda pull: pull[0]):
        period = period_named(row["period"])
        figures = FIGURES[-1:] if row["metric"] == TOTAL else FIGURES  # of a total, the score
        if period is not None and any(row.get(name) for name in figures):
            found[row["unit_code"], period, row["metric"]] = day, row
    return found


def period_named(name: str) -> Period | None:
    """2026-11, 2026-Q4 or 2026; None for what names no period."""
    year, _, part = to_period(name).partition("-")
    if not year.isdigit():
        return None
    if not part:
        return Period("year", date(int(year), 1, 1))
    if part in ("Q1", "Q2", "Q3", "Q4"):
        return Period("quarter", date(int(year), int(part[1]) * 3 - 2, 1))
    return Period("month", date(int(year), int(part), 1)) if part.isdigit() else None


def _given(text: str | None) -> Fraction | None:
    return to_number(text) if text else None


def _scores(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for day, row in own.world.pulls():
        period = period_named(row["period"])
        if period is None:
            continue
        ratio = _given(row.get("ratio"))
        if ratio is not None and row["metric"] != "avgProcessingDays":
            ratio /= 100
        yield (
            (row["unit_code"], *period, row["metric"], day),
            (
                row.get("unit_name"),
                LEVELS.get(row.get("unit_level", "")),
                _given(row.get("numerator")),
                _given(row.get("denominator")),
                ratio,
                _given(row.get("score")),
                _given(row.get("max_score")),
            ),
        )


def _reconciled(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    ours = {
        (unit, period, code): row
        for (profile, unit, period), card in own.cards.items()
        if profile == DEFAULT_PROFILE
        for code, row in card.indicators.items()
    }
    theirs = {
        (unit, period, INDICATOR_OF[metric]): published
        for (unit, period, metric), pull in newest(own).items()
        if metric in INDICATOR_OF
        for published in [_published(*pull)]
        if any(number is not None for number in published[:3])
    }
    for unit, period, code in ours.keys() | theirs.keys():
        mine, portal = ours.get((unit, period, code)), theirs.get((unit, period, code))
        yield (unit, *period, code), _beside(mine, portal)


def _published(day: date, row: Row) -> Published:
    numbers = (_given(row.get(name)) for name in ("numerator", "denominator", "score"))
    return Published(*numbers, day)


def _beside(own: Scored | None, portal: Published | None) -> Values:
    mine = (own.numerator, own.denominator, own.score) if own else (None, None, None)
    theirs = portal[:3] if portal else (None, None, None)
    triples = (
        (ours, published, _difference(ours, published))
        for ours, published in zip(mine, theirs, strict=True)
    )
    numbers = [number for triple in triples for number in triple]
    return (*numbers, _explanation(own, portal), portal.pulled_on if portal else None)


def _difference(own: Decimal | int | None, portal: Fraction | None) -> Fraction | None:
    return None if own is None or portal is None else Fraction(own) - portal


def _explanation(own: Scored | None, portal: Published | None) -> str:
    """The first that fits; what the portal does not say is no difference."""
    if own is None or own.status == "no_source":
        return "own_missing"
    if portal is None:
        return "portal_missing"
    if portal.denominator not in (own.denominator, None):
        return "population_differs"
    score = own.score or Decimal(0)  # one that does not exist adds 0
    if portal.numerator not in (own.numerator, None):
        return "numerator_differs"
    if portal.score in (score, None):
        return "equal"
    is_near = abs(Fraction(score) - portal.score) <= Fraction(1, 100)
    return "rounding" if is_near else "numerator_differs"


TABLES = (
    Table(
        "portal_score",
        (*PLACE, "portal_code", "pulled_on"),
        ("unit_name", "unit_level", "numerator", "denominator", "ratio", "score", "max_score"),
        _scores,
    ),
    Table(
        "portal_reconciliation",
        (*PLACE, "indicator_code"),
        (
            "own_numerator",
            "portal_numerator",
            "numerator_difference",
            "own_denominator",
            "portal_denominator",
            "denominator_difference",
            "own_score",
            "portal_score",
            "score_difference",
            "explanation",
            "pulled_on",
        ),
        _reconciled,
    ),
)
