"""The evidence: what every indicator counts in every unit and period, and the points it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import psycopg

from .scores import DEFAULT_PROFILE, RULES
from .tables import Key, Recomputed

KINDS = {
    **dict.fromkeys(("1.1", "1.2"), "announcement"),
    **dict.fromkeys(("1.3", "3.1", "3.5a", "3.5b", "4.5a"), "procedure"),
    **dict.fromkeys(("5.1a", "5.1b", "5.2", "5.3"), "petition"),
    **dict.fromkeys(("1.4", "2.1", "2.2", "3.3", "3.6", "4.1"), "dossier"),
    **dict.fromkeys(("4.2", "4.3", "4.4", "4.5b", "5.4"), "dossier"),
    "3.2": "service",
}
"""Every indicator that counts things: all but 4.6."""

_BY_PLACE = """
    select indicator_code, unit_code, period_type, period_start,
        array_agg(distinct evidence_kind), array_agg(evidence_key), array_agg(procedure_code),
        array_agg(in_numerator),
        coalesce(array_agg(distinct points_lost) filter (where not in_numerator), '{}'),
        sum(points_lost)
    from marts.indicator_evidence
    group by indicator_code, unit_code, period_type, period_start
"""
_UNTRUE_REASONS = """
    select indicator_code, unit_code, period_type, period_start, evidence_key, reason
    from marts.indicator_evidence
    where (reason is null) <> in_numerator or reason !~ '^[a-z_]+$'
"""


@dataclass
class Evidence:
    """Of an indicator in a unit and period: things, and the points that those missing cost each."""

    kinds: list[str]
    things: dict[str, bool]
    procedures: dict[str, str | None]
    points: list[Decimal | Fraction]
    all_points: Decimal | Fraction


def in_the_marts(connection: psycopg.Connection) -> dict[Key, Evidence]:
    """By indicator, unit and period; no thing stands there twice."""
    found = {}
    for *place, kinds, keys, procedures, counted, points, total in connection.execute(_BY_PLACE):
        things = dict(zip(keys, counted, strict=True))
        assert len(things) == len(keys), f"{place}: a thing stands more than once"
        by_thing = dict(zip(keys, procedures, strict=True))
        found[tuple(place)] = Evidence(kinds, things, by_thing, points, total)
    return found


def recomputed(own: Recomputed) -> Iterator[tuple[Key, Evidence]]:
    """The same, of every place where there is anything to count."""
    for (unit, period), counts in own.counts.items():
        card = own.cards[DEFAULT_PROFILE, unit, period]
        for code, kind in KINDS.items():
            things = counts[code].things
            if not things:
                continue
            lost = Fraction(RULES[code].maximum - (card.indicators[code].score or 0))
            missing = len(things) - sum(things.values())
            yield (
                (code, unit, *period),
                Evidence(
                    [kind],
                    things,
                    {thing: _procedure(own, kind, thing) for thing in things},
                    [lost / missing] if missing else [],
                    lost if missing else Fraction(0),
                ),
            )


def _procedure(own: Recomputed, kind: str, thing: str) -> str | None:
    if kind == "dossier":
        return own.procedure_of[thing]
    if kind == "service":
        return own.world.catalogue.procedure_of_service(thing)
    return None if kind == "petition" else thing


def without_true_reason(connection: psycopg.Connection) -> list[Key]:
    """Where a reason, one word, does not stand exactly with what is not in the numerator."""
    return connection.execute(_UNTRUE_REASONS).fetchall()
