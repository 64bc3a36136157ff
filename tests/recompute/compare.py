"""The marts beside the recomputation: every difference, and the smallest thing that causes it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import psycopg

from . import plan, promises, published, ranking, reports, tables, worklists
from .evidence import KINDS, Evidence, in_the_marts, recomputed, without_true_reason
from .tables import Key, Recomputed, Table, Values

TABLES = (
    *tables.TABLES,
    *worklists.TABLES,
    *published.TABLES,
    *ranking.TABLES,
    *reports.TABLES,
    *plan.TABLES,
)

SHOWN_OF_A_GROUP = 3
SMALLEST_DIFFERENCE = Fraction(1, 1_000_000)
# Where a thing's rows are found among what was given.
_SOURCES = {
    "dossier": ("dossiers", "MaHoSo"),
    "petition": ("petitions", "MaPAKN"),
    "procedure": ("procedures", "MaTTHC"),
    "service": ("online_services", "MaDVC"),
    "announcement": ("announcements", "MaTTHC"),
    "unit": ("units", "MaDonVi"),
}


class Difference(NamedTuple):
    """Two readings of one value; ``given``: the rows, as given, of the thing that causes it."""

    where: str
    marts: object
    own: object
    cause: str = ""
    given: str = ""

    def __str__(self) -> str:
        return f"{self.where}: marts {_shown(self.marts)}, recomputed {_shown(self.own)}"


class Differences:
    """The differences by table and column, those of indicators and evidence by indicator."""

    def __init__(self) -> None:
        self.groups: dict[str, list[Difference]] = defaultdict(list)
        self.compared = 0

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for group, found in sorted(self.groups.items()):
            yield f"{group}: {len(found)} differences, such as"
            for one in sorted(found, key=lambda one: len(one.where))[:SHOWN_OF_A_GROUP]:
                yield f"    {one}"
            caused = [one for one in found if one.cause]
            if caused:
                smallest = min(caused, key=lambda one: (len(one.given), one.where))
                yield f"  the smallest cause: {smallest.cause}, in {smallest}"
                yield f"    {smallest.given}"


def compare(own: Recomputed, connection: psycopg.Connection) -> Differences:
    """Every row of the marts that have a rule, as the connection sees them."""
    connection.execute("set local time zone 'Asia/Ho_Chi_Minh'")
    comparison = _Comparison(own, connection)
    for table in TABLES:
        comparison.compare_table(table)
    comparison.compare_evidence()
    comparison.check_places()
    comparison.check_promises()
    return comparison.differences


class _Comparison:
    def __init__(self, own: Recomputed, connection: psycopg.Connection) -> None:
        self.differences = Differences()
        self._own, self._connection = own, connection
        self._marts_evidence = in_the_marts(connection)
        self._own_evidence = dict(recomputed(own))

    def _add(self, group: str, key: Key, marts: object, own: object, *cause: str) -> None:
        where = " ".join(str(part) for part in key)
        self.differences.groups[group].append(Difference(where, marts, own, *cause))

    def compare_table(self, table: Table) -> None:
        marts, own = self._rows(table), dict(table.rows(self._own))
        self.differences.compared += len(own)
        for key in marts.keys() | own.keys():
            for column, theirs, ours in _differing(table, marts.get(key), own.get(key)):
                group = f"{table.name}.{column}"
                if table.name == "fct_indicator":
                    *place, code = key[1:]
                    cause = self._smallest_cause((code, *place))
                    self._add(f"{group} of {code}", key, theirs, ours, *cause)
                else:
                    cause = self._thing(table.key[0].removesuffix("_code"), key[0])
                    self._add(group, key, theirs, ours, *cause)

    def _rows(self, table: Table) -> dict[Key, Values]:
        query = f"select {', '.join((*table.key, *table.columns))} from marts.{table.name}"
        rows = self._connection.execute(query.encode()).fetchall()
        by_key = {row[: len(table.key)]: row[len(table.key) :] for row in rows}
        assert len(by_key) == len(rows), f"{table.name}: a key stands more than once"
        return by_key

    def compare_evidence(self) -> None:
        nothing = Evidence([], {}, {}, [], Fraction(0))
        for place in self._marts_evidence.keys() | self._own_evidence.keys():
            marts = self._marts_evidence.get(place, nothing)
            own = self._own_evidence.get(place, nothing)
            self.differences.compared += len(own.things)
            for group, theirs, ours in _differing_evidence(marts, own):
                cause = self._smallest_cause(place)
                self._add(f"indicator_evidence.{group} of {place[0]}", place, theirs, ours, *cause)
        for *key, reason in without_true_reason(self._connection):
            self._add("indicator_evidence.reason", tuple(key), reason, "a word where not counted")

    def check_places(self) -> None:
        for place in worklists.out_of_order(self._connection):
            self._add("place", place, "in another order", "today, 3_days, overdue, later")

    def check_promises(self) -> None:
        for place, marts, own in promises.broken(self._own, self._connection):
            kind = KINDS.get(place[-2], "unit")
            cause = self._thing(kind, place[-1])
            self._add(f"improvement_evidence of {place[-2]}", place, marts, own, *cause)

    def _smallest_cause(self, place: Key) -> tuple[str, ...]:
        """The smallest of the things that only one side counts, if there is any."""
        if place not in self._marts_evidence and place not in self._own_evidence:
            return ()
        marts = self._marts_evidence[place].things if place in self._marts_evidence else {}
        own = self._own_evidence[place].things if place in self._own_evidence else {}
        found = [
            self._thing(KINDS[place[0]], thing, f", counted by the {side} only")
            for side, one, other in (("marts", marts, own), ("recomputation", own, marts))
            for thing, is_counted in one.items()
            if thing not in other or (is_counted and not other[thing])
        ]
        return min(found, key=lambda cause: len(cause[1]), default=())

    def _thing(self, kind: str, code: str, how: str = "") -> tuple[str, ...]:
        """What a thing is, and its rows as given; nothing for what is none."""
        if kind not in _SOURCES:
            return ()
        rows = self._own.world.given(*_SOURCES[kind], code)
        given = "\n    ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        return f"{kind} {code}{how}", given


def _differing(
    table: Table, marts: Values | None, own: Values | None
) -> Iterator[tuple[str, object, object]]:
    if marts is None or own is None:
        yield "rows", marts, own
        return
    for column, theirs, ours in zip(table.columns, marts, own, strict=True):
        if not _same(theirs, ours):
            yield column, theirs, ours


def _differing_evidence(marts: Evidence, own: Evidence) -> Iterator[tuple[str, object, object]]:
    if marts.things != own.things:
        yield "in_numerator", _counted(marts, own), _counted(own, marts)
    elif marts.kinds != own.kinds:
        yield "evidence_kind", marts.kinds, own.kinds
    elif marts.procedures != own.procedures:
        differing = [k for k in own.procedures if marts.procedures[k] != own.procedures[k]]
        for thing in differing:
            yield "procedure_code", marts.procedures[thing], own.procedures[thing]
    elif not _same(tuple(marts.points), tuple(own.points)):
        yield "points_lost", tuple(marts.points), tuple(own.points)
    elif not _same(marts.all_points, own.all_points):
        yield "points_lost in all", marts.all_points, own.all_points


def _counted(one: Evidence, other: Evidence) -> dict[str, bool]:
    """The things that the other does not have, or not so."""
    return {k: v for k, v in sorted(one.things.items()) if other.things.get(k) is not v}


def _same(marts: Any, own: Any) -> bool:
    if isinstance(own, tuple):
        return len(marts) == len(own) and all(map(_same, marts, own))
    if isinstance(own, frozenset):
        return sorted(marts) == sorted(own)
    if isinstance(own, Fraction) and marts is not None:
        return abs(Fraction(marts) - own) <= SMALLEST_DIFFERENCE
    if isinstance(marts, datetime):
        return bool(marts.replace(tzinfo=None) == own)
    return bool(marts == own)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " | ".join(map(_shown, value))
    return f"{float(value):.6f}" if isinstance(value, Fraction) else str(value)
