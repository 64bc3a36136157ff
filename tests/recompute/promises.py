"""What is said to be still mendable in the current periods, against the things themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import psycopg

from .tables import Key, Recomputed

OF_PROCEDURES = ("3.5a", "3.5b", "4.5a")
ALWAYS_MENDABLE = ("1.4", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5b")
"""Of the indicators that count dossiers, those that any dossier can still enter."""

_PROMISES = """
    select unit_code, period_type, period_start, evidence_kind, evidence_key, procedure_code,
        unnest(effects)
    from marts.improvement_evidence
"""


def broken(own: Recomputed, connection: psycopg.Connection) -> Iterator[tuple[str, Key]]:
    """What is wrong with a promise, and where: unit, period, indicator and thing."""
    promised: Counter[Key] = Counter()
    for unit, kind, start, _, key, procedure, indicator in connection.execute(_PROMISES):
        thing = procedure if indicator in OF_PROCEDURES else key
        promised[unit, kind, start, indicator, thing] += 1
    missing = dict(_missing(own))
    for place, times in promised.items():
        if place not in missing:
            yield "promised, though not missing from the numerator", place
        elif times > 1 and place[3] in (*OF_PROCEDURES, *ALWAYS_MENDABLE):
            yield "promised more than once", place
    for place in missing.keys() - promised.keys():
        if place[3] in ALWAYS_MENDABLE:
            yield "missing from the numerator and not promised", place


def _missing(own: Recomputed) -> Iterator[tuple[Key, None]]:
    """Every thing that could be in a numerator of a current period and is not."""
    for period in own.world.current_periods():
        for unit in own.world.catalogue.units:
            for indicator, count in own.counts[unit, period].items():
                for thing, is_counted in count.things.items():
                    if not is_counted:
                        yield (unit, *period, indicator, thing), None
