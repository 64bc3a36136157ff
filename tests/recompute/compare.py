"""The marts beside the recomputation: every difference, grouped, and the things that cause it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chiso766.database import connect

from .indicators import Count, World, every_period
from .scores import PROFILES, RULES, Scored, scorecard

SHOWN_OF_A_GROUP = 5
SMALLEST_RATIO = Fraction(1, 1_000_000)
GROUP_MAXIMUM = {"CKMB": 18, "TDGQ": 20, "ONLINE": 12, "TTTT": 10, "MDSH": 22, "MDHL": 18}


class Differences:
    """Sentences by what differs."""

    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = defaultdict(list)
        self.compared = 0

    def add(self, group: str, where: str, marts: object, own: object, causes: str = "") -> None:
        self.groups[group].append(f"{where}: marts {marts}, recomputed {own}{causes}")

    def __str__(self) -> str:
        lines = []
        for group, sentences in sorted(self.groups.items()):
            lines.append(f"{group}: {len(sentences)} differences, such as")
            lines += [f"    {one}" for one in sorted(sentences, key=len)[:SHOWN_OF_A_GROUP]]
        return "\n".join(lines)


def compare(world: World) -> Differences:
    differences = Differences()
    _compare_dossiers(world, differences)
    _compare_petitions(world, differences)
    _compare_scorecards(world, differences)
    return differences


def _select(query: str) -> Iterator[tuple[Any, ...]]:
    with connect() as connection, connection.transaction():
        connection.execute("set local time zone 'Asia/Ho_Chi_Minh'")
        yield from connection.execute(query.encode())


def _local(moment: Any) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)


def _compare_dossiers(world: World, differences: Differences) -> None:
    at = world.as_of
    own = {}
    for one in world.dossiers:
        state = one.state(at)
        finished = one.finished(at) if state != "not_received" else None
        own[one.code] = (one.unit, state, one.due, finished)
    marts = {
        code: (unit, state, _local(due), _local(finished))
        for code, unit, state, due, finished in _select(
            "select dossier_code, unit_code, state, due_at, finished_at from marts.fct_dossier"
        )
    }
    _compare_rows(
        "fct_dossier", ("unit", "state", "due_at", "finished_at"), marts, own, differences
    )


def _compare_petitions(world: World, differences: Differences) -> None:
    at = world.as_of
    own = {
        one.code: (one.unit, one.state(at) if one.start < at else None, one.start, one.is_disliked)
        for one in world.petitions
    }
    marts = {
        code: (unit, state, _local(start), disliked)
        for code, unit, state, start, disliked in _select(
            "select petition_code, unit_code, state, clock_start, is_dissatisfied"
            " from marts.fct_petition"
        )
    }
    names = ("unit", "state", "clock_start", "is_dissatisfied")
    _compare_rows("fct_petition", names, marts, own, differences)


def _compare_rows(
    table: str,
    names: tuple[str, ...],
    marts: dict[Any, tuple[Any, ...]],
    own: dict[Any, tuple[Any, ...]],
    differences: Differences,
) -> None:
    differences.compared += len(own)
    for key in sorted(marts.keys() ^ own.keys(), key=str):
        differences.add(f"{table}: rows", str(key), marts.get(key), own.get(key))
    for key in marts.keys() & own.keys():
        for name, theirs, ours in zip(names, marts[key], own[key], strict=True):
            if theirs != ours:
                differences.add(f"{table}.{name}", str(key), theirs, ours)


def _compare_scorecards(world: World, differences: Differences) -> None:
    counts = {}
    indicators: dict[Any, Scored] = {}
    groups, totals = {}, {}
    for unit, period, counted in every_period(world):
        for profile in PROFILES:
            place = (profile, unit, *period)
            card = scorecard(profile, counted, world.catalogue.level(unit), world.read)
            for code in RULES:
                counts[(*place, code)] = counted[code]
                indicators[(*place, code)] = card.indicators[code]
            for group, score in card.groups.items():
                groups[(*place, group)] = (score, GROUP_MAXIMUM[group])
            totals[place] = (card.total, 100, card.rating, card.measured, card.expected)
    _compare_indicators(indicators, counts, differences)
    marts = {
        row[:5]: row[5:]
        for row in _select(
            "select profile, unit_code, period_type, period_start, group_code, score, max_score"
            " from marts.fct_group_score"
        )
    }
    _compare_rows("fct_group_score", ("score", "max_score"), marts, groups, differences)
    marts = {
        row[:4]: row[4:]
        for row in _select(
            "select profile, unit_code, period_type, period_start, total_score, max_score, rating,"
            " measured_indicators, expected_indicators from marts.fct_scorecard"
        )
    }
    names = ("total_score", "max_score", "rating", "measured", "expected")
    _compare_rows("fct_scorecard", names, marts, totals, differences)


def _compare_indicators(
    own: dict[Any, Scored], counts: dict[Any, Count], differences: Differences
) -> None:
    marts = {
        row[:5]: row[5:]
        for row in _select(
            "select profile, unit_code, period_type, period_start, indicator_code,"
            " numerator, denominator, ratio, score, status, max_score from marts.fct_indicator"
        )
    }
    differences.compared += len(own)
    for key in sorted(marts.keys() ^ own.keys(), key=str):
        differences.add("fct_indicator: rows", str(key), key in marts, key in own)
    differing = [key for key in marts.keys() & own.keys() if not _agree(key, marts[key], own[key])]
    evidence = _evidence() if differing else {}
    for key in sorted(differing, key=str):
        theirs, ours = marts[key], own[key]
        where = " ".join(str(part) for part in key)
        causes = _causes(evidence.get(key[1:], {}), counts[key].things)
        ratio = None if ours.ratio is None else round(float(ours.ratio), 6)
        shown = (ours.numerator, ours.denominator, ratio, ours.score, ours.status)
        differences.add(
            f"indicator {key[4]}",
            where,
            " ".join(map(str, theirs[:5])),
            " ".join(map(str, shown)),
            causes,
        )


def _agree(key: Any, marts: tuple[Any, ...], own: Scored) -> bool:
    numerator, denominator, ratio, score, status, maximum = marts
    return (
        numerator == own.numerator
        and denominator == own.denominator
        and _same_ratio(ratio, own.ratio)
        and score == own.score
        and status == own.status
        and (maximum or 0) == RULES[key[4]].maximum
    )


def _same_ratio(marts: Decimal | None, own: Fraction | None) -> bool:
    if marts is None or own is None:
        return marts is None and own is None
    return abs(Fraction(marts) - own) <= SMALLEST_RATIO


def _evidence() -> dict[Any, dict[str, bool]]:
    """The things of the marts by unit, period and indicator; announcements by procedure."""
    found: dict[Any, dict[str, bool]] = defaultdict(dict)
    for *place, kind, key, procedure, counted in _select(
        "select unit_code, period_type, period_start, indicator_code, evidence_kind, evidence_key,"
        " procedure_code, in_numerator from marts.indicator_evidence"
    ):
        thing = procedure if kind == "announcement" else key
        things = found[tuple(place)]
        things[thing] = things.get(thing, True) and counted
    return found


def _causes(marts: dict[str, bool], own: dict[str, bool]) -> str:
    """The things that only one side counts; empty where both count the same."""
    parts = {
        "only in the marts' denominator": marts.keys() - own.keys(),
        "only in the recomputed denominator": own.keys() - marts.keys(),
        "only in the marts' numerator": {k for k in marts if marts[k] and not own.get(k, True)},
        "only in the recomputed numerator": {k for k in own if own[k] and not marts.get(k, True)},
    }
    return "".join(
        f"; {name}: {', '.join(sorted(map(str, things))[:SHOWN_OF_A_GROUP])}"
        + (f" and {len(things) - SHOWN_OF_A_GROUP} more" if len(things) > SHOWN_OF_A_GROUP else "")
        for name, things in parts.items()
        if things
    )
