"""The official reports, as the rule book on reports has them, from the dossiers themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from .dossiers import Dossier
from .exports import Row
from .indicators import World
from .tables import PLACE, Key, Recomputed, Table, Values
from .working_days import working_days_between

DAY = timedelta(days=1)
FIRST_DAY = date(2022, 6, 23)
UNKNOWN_FIELD = ("", "Chưa rõ lĩnh vực")
SETTLED = ("early", "on_time", "late")
IN_PROGRESS = ("open_in_time", "open_overdue")
LATE = ("late", "open_overdue")
CAUSES = ("wrong_due_time", "returned", "supplement_again", "supplement", "fee", "handling")


class ReportPeriod(NamedTuple):
    """``end``: its last day."""

    kind: str
    start: date
    end: date
    code: str

    def seen_at(self, as_of: datetime) -> datetime:
        return min(datetime.combine(self.end + DAY, time()), as_of)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.start, time())


def _of_year(year: int) -> Iterator[ReportPeriod]:
    for month in range(1, 13):
        before = date(year, month, 1) - DAY
        end = date(year, month, 14)
        yield ReportPeriod("month", before.replace(day=15), end, f"{year}-{month:02d}")
    for quarter in range(1, 5):
        before = date(year, quarter * 3 - 2, 1) - DAY
        end = date(year, quarter * 3, 14)
        yield ReportPeriod("quarter", before.replace(day=15), end, f"{year}-Q{quarter}")
    yield ReportPeriod("half_year", date(year - 1, 12, 15), date(year, 6, 14), f"{year}-H1")
    yield ReportPeriod("year", date(year - 1, 12, 15), date(year, 12, 14), f"{year}")


def report_periods(world: World) -> list[ReportPeriod]:
    """Of the first dossier or petition through those that hold the last second before A."""
    first, last = world.first_day(), (world.as_of - timedelta(seconds=1)).date()
    if first is None:
        return []
    every = (period for year in range(first.year, last.year + 2) for period in _of_year(year))
    return [one for one in every if one.end >= max(first, FIRST_DAY) and one.start <= last]


class Counted(NamedTuple):
    """A dossier that counts in a report period, and its state at T."""

    dossier: Dossier
    period: ReportPeriod
    at: datetime
    state: str

    @property
    def is_received(self) -> bool:
        return self.dossier.is_received(self.period.starts_at, self.at)

    @property
    def inflow(self) -> str:
        if not self.is_received:
            return "carried_over"
        return "online" if self.dossier.is_online else "direct"

    @property
    def cause(self) -> str | None:
        one, requests = self.dossier, len(self.dossier.requests(self.at))
        if self.state not in LATE:
            return None
        if one.due and one.received and one.due < one.received:
            return "wrong_due_time"
        if one.status in ("7", "8", "3"):
            return "returned"
        if requests:
            return "supplement" if requests == 1 else "supplement_again"
        return "fee" if one.status == "6" else "handling"

    @property
    def days_late(self) -> int | None:
        if self.cause is None or self.dossier.due is None:
            return None
        reckoned = (self.dossier.finished(self.at) or self.at) - self.dossier.supplement_time(
            self.at
        )
        until = (reckoned - timedelta(seconds=1)).date()
        return max(0, working_days_between(self.dossier.due.date(), until))


def _counted(world: World, unit: str, period: ReportPeriod) -> Iterator[Counted]:
    at = period.seen_at(world.as_of)
    for one in world.dossiers_of(unit):
        state = world.state(one, at)
        finished = one.finished(at)
        if state != "not_received" and (finished is None or finished >= period.starts_at):
            yield Counted(one, period, at, state)


def _fields(world: World) -> dict[str, tuple[str, str]]:
    """Procedure -> code and name of its field."""
    names: dict[str, set[str]] = defaultdict(set)
    for row in world.catalogue.procedures.values():
        if row.get("TenLinhVuc"):
            names[_field_code(row)].add(row["TenLinhVuc"])
    return {
        code: (field, min(names[field], default=field))
        for code, row in world.catalogue.procedures.items()
        if (field := _field_code(row))
    }


def _field_code(row: Row) -> str:
    return row.get("MaLinhVuc") or row.get("TenLinhVuc") or ""


def _by_field(own: Recomputed) -> Iterator[tuple[Key, str, list[Counted]]]:
    """Key, name and dossiers of each unit, report period and field that has any."""
    fields = _fields(own.world)
    for period in report_periods(own.world):
        for unit in own.world.catalogue.units:
            found: dict[tuple[str, str], list[Counted]] = defaultdict(list)
            for one in _counted(own.world, unit, period):
                found[fields.get(one.dossier.row["MaTTHC"], UNKNOWN_FIELD)].append(one)
            for (code, name), things in found.items():
                yield (unit, period.kind, period.start, code), name, things


def _number(things: list[Counted], condition: Callable[[Counted], object]) -> int:
    return sum(bool(condition(one)) for one in things)


def _states(things: list[Counted], *states: str) -> int:
    return _number(things, lambda one: one.state in states)


def _form_06a(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for key, name, things in _by_field(own):
        inflows = (
            _number(things, lambda one, inflow=inflow: one.inflow == inflow)
            for inflow in ("online", "direct", "carried_over")
        )
        settled = (_states(things, *SETTLED), *(_states(things, one) for one in SETTLED))
        open_ = (_states(things, *IN_PROGRESS), *(_states(things, one) for one in IN_PROGRESS))
        yield key, (things[0].period.end, name, len(things), *inflows, *settled, *open_)


def _form_06b(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for key, name, things in _by_field(own):
        causes = [_number(things, lambda one, cause=cause: one.cause == cause) for cause in CAUSES]
        if late := _states(things, *LATE):
            yield key, (name, late, *(_states(things, one) for one in LATE), *causes)


def _digitisation(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for key, _, things in _by_field(own):
        owing = [one for one in things if one.is_received and one.dossier.owes_fee]
        yield (
            key,
            (
                len(things),
                _number(things, lambda one: one.dossier.has_component_file),
                _number(things, lambda one: one.dossier.has_result_link),
                _number(things, lambda one: one.dossier.is_digitised),
                _number(things, lambda one: one.dossier.reuses_data),
                len(owing),
                _number(owing, lambda one: one.dossier.is_paid_online),
            ),
        )


def _dossiers(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    fields = _fields(own.world)
    for period in report_periods(own.world):
        for unit in own.world.catalogue.units:
            for one in _counted(own.world, unit, period):
                dossier = one.dossier
                yield (
                    (unit, period.kind, period.start, dossier.code),
                    (
                        dossier.unit,
                        dossier.row["MaTTHC"],
                        fields.get(dossier.row["MaTTHC"], UNKNOWN_FIELD)[0],
                        one.inflow,
                        one.state,
                        one.cause,
                        dossier.received,
                        dossier.due,
                        dossier.finished(one.at),
                        one.days_late,
                        len(dossier.requests(one.at)),
                    ),
                )


def _petitions(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for period in report_periods(own.world):
        at = period.seen_at(own.world.as_of)
        for unit in own.world.catalogue.units:
            found: dict[str, list[tuple[bool, str]]] = defaultdict(list)
            for one in own.world.petitions_of(unit):
                if one.counts(period.starts_at, at):
                    thing = (one.start >= period.starts_at, one.state(at))
                    found[one.row.get("PhanLoai") or ""].append(thing)
            for category, things in found.items():
                received = sum(is_received for is_received, _ in things)
                states = [state for _, state in things]
                on_time, late = states.count("on_time"), states.count("late")
                in_time, overdue = states.count("open_in_time"), states.count("open_overdue")
                yield (
                    (unit, period.kind, period.start, category),
                    (
                        *(len(things), received, len(things) - received),
                        *(on_time + late, on_time, late, in_time + overdue, in_time, overdue),
                    ),
                )


def _periods(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    last = own.world.as_of.date() - DAY
    for one in report_periods(own.world):
        values = (one.end, one.code, min(one.end, last), one.end <= last)
        yield (one.kind, one.start), values


TABLES = (
    Table(
        "dim_report_period",
        ("period_type", "period_start"),
        ("period_end", "period_code", "as_of_day", "is_complete"),
        _periods,
    ),
    Table(
        "report_06a",
        (*PLACE, "field_code"),
        (
            *("period_end", "field_name"),
            *("received", "received_online", "received_direct", "carried_over"),
            *("settled", "settled_early", "settled_on_time", "settled_late"),
            *("in_progress", "in_progress_in_time", "in_progress_overdue"),
        ),
        _form_06a,
    ),
    Table(
        "report_06b",
        (*PLACE, "field_code"),
        ("field_name", "late", "settled_late", "in_progress_overdue", *CAUSES),
        _form_06b,
    ),
    Table(
        "report_digitisation",
        (*PLACE, "field_code"),
        (
            *("dossiers", "with_component_file", "with_electronic_result", "digitised"),
            *("reusing_data", "owing_fee", "paid_online"),
        ),
        _digitisation,
    ),
    Table(
        "report_dossier",
        (*PLACE, "dossier_code"),
        (
            *("receiving_unit_code", "procedure_code", "field_code", "inflow", "outcome", "cause"),
            *("received_at", "due_at", "finished_at", "working_days_late", "supplement_requests"),
        ),
        _dossiers,
    ),
    Table(
        "report_petition",
        (*PLACE, "category"),
        (
            *("received", "received_in_period", "carried_over"),
            *("handled", "handled_on_time", "handled_late"),
            *("in_progress", "in_progress_in_time", "in_progress_overdue"),
        ),
        _petitions,
    ),
)
