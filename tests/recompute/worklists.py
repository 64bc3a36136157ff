"""What is still open as of A: how urgent it is, and the points that it could bring or cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby

import psycopg

from .dossiers import Dossier
from .indicators import Counts, Period, show_ratios
from .scores import DEFAULT_PROFILE, exact_score, exact_total
from .tables import Key, Recomputed, Table, Values, working_days_left
from .working_days import working_day_after

OPEN = ("open_in_time", "open_overdue")
LOST_WHEN_LATE = {"dossier": ("2.1", "5.4"), "petition": ("5.2", "5.3")}


def _dossiers(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    world, at = own.world, own.world.as_of
    for one in world.dossiers:
        state = world.state(one, at)
        if one.unit not in world.catalogue.units or state not in OPEN:
            continue
        yield (
            (one.code,),
            (
                one.unit,
                one.row["MaTTHC"],
                one.row.get("DonViXuLy"),
                one.due,
                working_days_left(one.due, state, at),
                _urgency(one.due.date() if one.due else None, at),
                _missing(own, one),
                *_points(own, "dossier", one.unit, one.code),
            ),
        )


def _petitions(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    world, at = own.world, own.world.as_of
    for one in world.petitions:
        if one.unit not in world.catalogue.units or one.start >= at or one.state(at) not in OPEN:
            continue
        deadline = one.deadline(at)
        days_left = working_days_left(
            datetime.combine(deadline, datetime.min.time()), one.state(at), at
        )
        yield (
            (one.code,),
            (
                one.unit,
                one.row.get("PhanLoai"),
                deadline,
                days_left,
                _urgency(deadline, at),
                *_points(own, "petition", one.unit, one.code),
            ),
        )


def _urgency(due: date | None, at: datetime) -> str:
    """A is the midnight that begins today: what is due on a day before it is overdue."""
    if due is None:
        return "later"
    today = at.date()
    if due <= today:
        return "overdue" if due < today else "today"
    return "3_days" if due <= working_day_after(today, 3) else "later"


def _missing(own: Recomputed, dossier: Dossier) -> frozenset[str]:
    """What it lacks and can still get; of 1.4 and 3.6 only where a current period counts it."""
    counted = [own.counts[dossier.unit, period] for period in own.world.current_periods()]
    lacks = {
        "electronic_result": not dossier.has_result_link,
        "component_file": not dossier.has_component_file,
        "online_payment": any(one["3.6"].things.get(dossier.code) is False for one in counted),
        "reuse": not dossier.reuses_data,
        "data_store": not dossier.shares_data,
        "population_data": not dossier.uses_population_data,
        "synchronisation": any(one["1.4"].things.get(dossier.code) is False for one in counted),
    }
    return frozenset(name for name, is_lacking in lacks.items() if is_lacking)


def _points(own: Recomputed, kind: str, unit: str, thing: str) -> tuple[Fraction, ...]:
    """At stake in all, in the month, the quarter and the year; at risk in all."""
    periods = own.world.current_periods()
    at_stake = [_points_at_stake(own, unit, period, thing) for period in periods]
    at_risk = [
        _points_of_being_in_time(own, unit, period, code, thing)
        for period in periods
        for code in LOST_WHEN_LATE[kind]
    ]
    return sum(at_stake, Fraction(0)), *at_stake, sum(at_risk, Fraction(0))


def _points_at_stake(own: Recomputed, unit: str, period: Period, thing: str) -> Fraction:
    """What the total rises by with the thing in all the numerators that it is missing from."""
    counts = own.counts[unit, period]
    return _total(own, unit, _with(counts, thing)) - _total(own, unit, counts)


def _with(counts: Counts, thing: str) -> Counts:
    moved = {
        code: count.moved(thing, True) if count.things.get(thing) is False else count
        for code, count in counts.items()
    }
    return show_ratios(moved)


def _total(own: Recomputed, unit: str, counts: Counts) -> Fraction:
    return exact_total(counts, own.world.catalogue.level(unit), own.world.read)


def _points_of_being_in_time(
    own: Recomputed, unit: str, period: Period, code: str, thing: str
) -> Fraction:
    """What the indicator falls by with the thing out of its numerator, where it is in it."""
    count = own.counts[unit, period][code]
    if not count.things.get(thing):
        return Fraction(0)
    level, read = own.world.catalogue.level(unit), own.world.read
    with_it, without_it = (
        exact_score(DEFAULT_PROFILE, code, one, level, read) or Fraction(0)
        for one in (count, count.moved(thing, False))
    )
    return with_it - without_it


def out_of_order(connection: psycopg.Connection) -> Iterator[Key]:
    """The units, by work list, whose places do not go from what is due today to what is later."""
    for table in TABLES:
        query = (
            f"select unit_code, place, urgency from marts.{table.name} order by unit_code, place"
        )
        rows = connection.execute(query.encode()).fetchall()
        for unit, listed in groupby(rows, key=lambda row: row[0]):
            places, urgencies = zip(
                *((place, urgency) for _, place, urgency in listed), strict=True
            )
            is_sorted = list(urgencies) == sorted(urgencies, key=_IN_ORDER.index)
            if places != tuple(range(1, len(places) + 1)) or not is_sorted:
                yield (table.name, unit)


_IN_ORDER = ("today", "3_days", "overdue", "later")
_POINTS = (
    "points_at_stake",
    "points_in_month",
    "points_in_quarter",
    "points_in_year",
    "points_at_risk",
)

TABLES = (
    Table(
        "dossier_worklist",
        ("dossier_code",),
        (
            "unit_code",
            "procedure_code",
            "department",
            "due_at",
            "working_days_left",
            "urgency",
            "missing",
            *_POINTS,
        ),
        _dossiers,
    ),
    Table(
        "petition_worklist",
        ("petition_code",),
        ("unit_code", "category", "deadline_day", "working_days_left", "urgency", *_POINTS),
        _petitions,
    ),
)
