"""What is said to be still mendable in the current periods, against the things themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import psycopg

from .indicators import Period
from .mending import Mended, Mending
from .tables import Key, Recomputed

OF_PROCEDURES = ("3.5a", "3.5b", "4.5a")
ALWAYS_MENDABLE = ("1.4", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5b")
"""Of the indicators that count dossiers, those that any dossier can still enter."""

_PROMISES = """
    select unit_code, period_type, period_start, action, evidence_kind, evidence_key,
        procedure_code, effects
    from marts.improvement_evidence
"""


class _Promise(NamedTuple):
    unit: str
    period: Period
    mending: Mending
    effects: list[str]

    def places(self) -> Iterator[Key]:
        """Unit, period, indicator and the thing that enters its numerator."""
        for indicator in self.effects:
            of_procedure = indicator in OF_PROCEDURES
            thing = self.mending.procedure if of_procedure else self.mending.thing
            yield (self.unit, *self.period, indicator, thing)


def broken(own: Recomputed, connection: psycopg.Connection) -> Iterator[tuple[Key, str, str]]:
    """Where (unit, period, indicator, thing), what the mart says, and what is true."""
    promises = [
        _Promise(unit, Period(*period), Mending(unit, *mending), effects)
        for unit, *period, action, kind, key, procedure, effects in connection.execute(_PROMISES)
        for mending in [(action, kind, key, procedure)]
    ]
    promised = Counter(place for promise in promises for place in promise.places())
    things = dict(_things(own))
    for place, times in promised.items():
        if things.get(place) is not False:
            yield place, "promised", "not missing from the numerator"
        elif times > 1:
            yield place, f"promised {times} times", "missing once"
    for place, is_counted in things.items():
        if not is_counted and place[3] in ALWAYS_MENDABLE and place not in promised:
            yield place, "not promised", "missing from the numerator"
    mended = Mended(own.world, [promise.mending for promise in promises])
    for place in promised:
        unit, kind, start, indicator, thing = place
        if not mended.counts(unit, Period(kind, start))[indicator].things.get(thing):
            yield place, "promised", "not in the numerator once it is done"


def _things(own: Recomputed) -> Iterator[tuple[Key, bool]]:
    """All that is counted in the current periods, and whether it is in the numerator."""
    for period in own.world.current_periods():
        for unit in own.world.catalogue.units:
            for indicator, count in own.counts[unit, period].items():
                for thing, is_counted in count.things.items():
                    yield (unit, *period, indicator, thing), is_counted
