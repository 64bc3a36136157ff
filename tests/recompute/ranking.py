"""The place of every unit among those of its level in its province."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from .exports import to_number
from .indicators import Period
from .published import LEVELS, TOTAL, newest
from .scores import DEFAULT_PROFILE
from .tables import PLACE, UNIT_LEVELS, Key, Recomputed, Table, Values

TARGET_RANK = 20


@dataclass(frozen=True)
class Ranked:
    """A unit with its totals in a period; one of the two is there."""

    unit: str
    level: str
    province: str | None
    published: Fraction | None
    own: Fraction | None

    @property
    def total(self) -> Fraction:
        total = self.own if self.published is None else self.published
        assert total is not None
        return total


def ranking(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    contests: dict[tuple[Period, str, str | None], list[Ranked]] = defaultdict(list)
    for period, one in _ranked(own):
        contests[period, one.level, one.province].append(one)
    for (period, level, province), units in contests.items():
        for one in units:
            yield (one.unit, *period), (*_place(one, units), level, province)


def _ranked(own: Recomputed) -> Iterator[tuple[Period, Ranked]]:
    catalogue = own.world.catalogue
    totals = {
        (unit, period): row
        for (unit, period, metric), (_, row) in newest(own).items()
        if metric == TOTAL
    }
    ours = {
        (unit, period): Fraction(card.total)
        for (profile, unit, period), card in own.cards.items()
        if profile == DEFAULT_PROFILE and own.world.dossiers_of(unit)
    }
    for unit, period in totals.keys() | ours.keys():
        row = totals.get((unit, period), {})
        if unit in catalogue.units:
            level: str | None = UNIT_LEVELS[catalogue.level(unit)]
            province = catalogue.province(unit) or unit.split(".")[0]
        else:
            level, province = LEVELS.get(row.get("unit_level", "")), unit.split(".")[0]
        if level is None:
            continue
        published = to_number(row["score"]) if row else None
        yield (
            period,
            Ranked(
                unit,
                level,
                None if level == "province" else province,
                published,
                ours.get((unit, period)),
            ),
        )


def _place(one: Ranked, units: list[Ranked]) -> Values:
    """Total, source, place, of how many, the two gaps, own total and the place by it."""
    totals = sorted((other.total for other in units), reverse=True)
    above = [total for total in totals if total > one.total]
    others = [other.total for other in units if other is not one]
    own_place = None if one.own is None else 1 + sum(total > one.own for total in others)
    return (
        one.total,
        "own" if one.published is None else "portal",
        1 + len(above),
        len(units),
        totals[TARGET_RANK - 1] - one.total if len(above) >= TARGET_RANK else Fraction(0),
        min(above) - one.total if above else None,
        one.own,
        own_place,
    )


TABLES = (
    Table(
        "unit_ranking",
        PLACE,
        (
            "total_score",
            "source",
            "rank",
            "rank_of",
            "gap_to_target_rank",
            "gap_to_next",
            "own_score",
            "own_rank",
            "unit_level",
            "province_code",
        ),
        ranking,
    ),
)
