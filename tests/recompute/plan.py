"""What the ward's plan asks beside the scorecard, where time goes, and what is to be inspected."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple, TypeVar

from .dossiers import Dossier
from .exports import Row, to_number, to_time
from .indicators import Period, rounded
from .ranking import TARGET_RANK, ranking
from .tables import PLACE, Key, Recomputed, Table, Values, is_outside_boundary
from .working_days import is_working_day, working_days_between

FIRST_DAY = date(2026, 1, 1)
NOTHING = timedelta(0)


class Item(NamedTuple):
    """What the plan asks of an item; ``indicator`` counts it, if one does."""

    source: str
    comparison: str
    target: str = ""
    indicator: str = ""
    is_number: bool = False


ITEMS = {
    "on_time": Item("dossiers", "at_least", "1", "2.1"),
    "returned": Item("dossiers", "at_most"),
    "suspended": Item("dossiers", "at_most"),
    "outside_boundary": Item("dossiers", "rising", "0", is_number=True),
    "vertical": Item("procedures", "at_least", "1"),
    "linked": Item("procedures", "at_least", "1"),
    "digitised": Item("dossiers", "at_least", "1", "4.2"),
    "component_files": Item("dossiers", "at_least", "1"),
    "electronic_results": Item("dossiers", "at_least", "1"),
    "reuse": Item("dossiers", "at_least", "1/2", "4.3"),
    "online_payment": Item("dossiers", "at_least", "1", "3.6"),
    "documents": Item("documents", "at_least", "1"),
    "petitions": Item("petitions", "at_least", "1", "5.2"),
    "survey_answers": Item("surveys", "at_least", is_number=True),
    "survey_satisfied": Item("surveys", "at_least"),
    "survey_index": Item("surveys", "at_least"),
    "rank": Item("unit_ranking", "at_most", str(TARGET_RANK), is_number=True),
    "training": Item("tasks", "at_least", "1"),
    "tasks": Item("tasks", "at_least", "1"),
}

Thing = TypeVar("Thing")
Counted = tuple[Fraction, Fraction] | tuple[None, None]


def _share(things: Iterable[Thing], is_in: Callable[[Thing], bool]) -> Counted:
    found = [is_in(one) for one in things]
    return Fraction(sum(found)), Fraction(len(found))


REASONS = {
    "repeated_supplements": "Yêu cầu bổ sung nhiều lần",
    "supplement_after_deadline": "Yêu cầu bổ sung khi đã quá hạn",
    "late_without_apology": "Trễ hạn, dữ liệu chưa có thư xin lỗi",
    "finished_just_before_deadline": "Giải quyết xong sát giờ hẹn trả",
    "finished_on_day_off": "Giải quyết xong vào ngày nghỉ",
    "returned_at_deadline": "Trả lại khi đã đến ngày hẹn trả",
    "dissatisfied": "Người nộp đánh giá không hài lòng",
    "petition": "Bị phản ánh, kiến nghị",
}


class _Plan:
    """What is counted for the items of the plan."""

    def __init__(self, own: Recomputed) -> None:
        self.own, self.world = own, own.world
        self.dossiers = {one.code: one for one in own.world.dossiers}
        self.places = {place: values[2:4] for place, values in ranking(own)}

    def items(self, unit: str, period: Period) -> Iterator[tuple[str, Counted]]:
        counts = self.own.counts[unit, period]
        counted = {
            code: (Fraction(counts[item.indicator].numerator), counts[item.indicator].denominator)
            for code, item in ITEMS.items()
            if item.indicator
        }
        counted |= self._of_dossiers(unit, period) | self._of_others(unit, period)
        for code, item in ITEMS.items():
            is_known = item.source in self.world.read or code == "rank"
            yield code, counted[code] if is_known else (None, None)

    def received(self, unit: str, period: Period) -> list[Dossier]:
        """The dossiers of 3.3."""
        return [self.dossiers[code] for code in self.own.counts[unit, period]["3.3"].things]

    def _of_dossiers(self, unit: str, period: Period) -> dict[str, Counted]:
        world, received = self.world, self.received(unit, period)
        handled = [self.dossiers[code] for code in self.own.counts[unit, period]["2.1"].things]
        with_paper = [d for d in handled if (d.procedure or {}).get("CoKetQuaGiayTo") == "1"]
        units, procedures = world.catalogue.units, world.catalogue.procedures
        used = {one.row["MaTTHC"] for one in received}
        own = world.catalogue.of_unit(unit)
        return {
            "returned": _share(received, lambda one: one.status in ("3", "7", "8")),
            "suspended": _share(received, lambda one: one.status in ("5", "6")),
            "outside_boundary": _share(
                received, lambda one: is_outside_boundary(one, units[one.unit])
            ),
            "component_files": _share(handled, lambda one: one.has_component_file),
            "electronic_results": _share(with_paper, lambda one: one.has_result_link),
            "vertical": _share(
                [code for code in own if procedures[code].get("NganhDoc") == "1"], used.__contains__
            ),
            "linked": _share(
                [code for code in own if procedures[code].get("LienThong") == "1"],
                used.__contains__,
            ),
        }

    def _of_others(self, unit: str, period: Period) -> dict[str, Counted]:
        documents = self._in_period("documents", "NgayBanHanh", unit, period)
        forms = [marks(row) for row in self._in_period("surveys", "NgayKhaoSat", unit, period)]
        forms = [form for form in forms if form]
        answers = [mark for form in forms for mark in form]
        due = [
            Task(row, self.world.as_of)
            for row in self._in_period("tasks", "HanHoanThanh", unit, period)
        ]
        is_commune = self.world.catalogue.level(unit) == "xa"
        rank, rank_of = self.places.get((unit, *period), (None, 0))
        return {
            "documents": _share(
                documents, lambda row: row.get("GuiDienTu") == row.get("KySoCaNhan") == "1"
            ),
            "survey_answers": (Fraction(len(forms)), Fraction(len(forms))),
            "survey_satisfied": _share(forms, lambda form: sum(form) >= 4 * len(form)),
            "survey_index": (Fraction(sum(answers)), Fraction(5 * len(answers))),
            "rank": (Fraction(rank), Fraction(rank_of))
            if is_commune and rank_of > 1
            else (None, None),
            "training": _share([t for t in due if t.is_training], lambda t: t.state == "on_time"),
            "tasks": _share([t for t in due if not t.is_training], lambda t: t.state == "on_time"),
        }

    def _in_period(self, source: str, field: str, unit: str, period: Period) -> list[Row]:
        start = datetime.combine(period.start, time())
        end = min(datetime.combine(period.end, time()), self.world.as_of)
        below = self.world.catalogue.below[unit]
        return [
            row
            for row in self.world.newest(source)
            if row.get("MaDonVi") in below
            and (at := to_time(row.get(field))) is not None
            and start <= at < end
        ]


def marks(form: Row) -> list[int]:
    """The answers of a form: every number from 1 to 5 that is no field of its own."""
    fields = ("MaPhieu", "MaDonVi", "NgayKhaoSat", "DoiTuong")
    return [int(text) for field, text in form.items() if field not in fields and text in "12345"]


@dataclass
class Task:
    """An item of a plan as at ``at``."""

    row: Row
    at: datetime

    @property
    def is_training(self) -> bool:
        name = self.row.get("TenNhiemVu", "").lower()
        return bool(re.search("tập huấn|bồi dưỡng|đào tạo", name))

    @property
    def deadline(self) -> date | None:
        due = to_time(self.row.get("HanHoanThanh"))
        return due.date() if due else None

    @property
    def done(self) -> date | None:
        done = to_time(self.row.get("NgayHoanThanh"))
        return done.date() if done is not None and done < self.at else None

    @property
    def state(self) -> str:
        if self.done is None:
            is_over = self.deadline is not None and self.deadline < self.at.date()
            return "open_overdue" if is_over else "open_in_time"
        if self.deadline is not None and self.done > self.deadline:
            return "late"
        return "on_time" if self.row.get("MinhChung") else "unproven"


def _targets(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    plan = _Plan(own)
    for unit in own.world.catalogue.units:
        before: dict[tuple[str, str], Fraction | None] = {}
        for period in sorted(own.world.periods()):
            for code, (numerator, denominator) in plan.items(unit, period):
                item = ITEMS[code]
                previous = before.get((code, period.kind))
                actual = numerator if item.is_number else _ratio(numerator, denominator)
                before[code, period.kind] = actual
                if period.end <= FIRST_DAY:
                    continue
                target = Fraction(item.target) if item.target else None
                is_met = _is_met(item.comparison, target, actual, previous)
                counted = (actual, is_met, numerator, denominator, previous)
                yield (unit, *period, code), (item.comparison, target, *counted, item.source)


def _ratio(numerator: Fraction | None, denominator: Fraction | None) -> Fraction | None:
    return numerator / denominator if numerator is not None and denominator else None


def _is_met(
    comparison: str, target: Fraction | None, actual: Fraction | None, previous: Fraction | None
) -> bool | None:
    if target is None or actual is None:
        return None
    if comparison == "at_least":
        return actual >= target
    if comparison == "at_most":
        return actual <= target
    return actual > target and (previous is None or actual > previous)


def _tasks(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    at = own.world.as_of
    for row in own.world.newest("tasks"):
        if row["MaDonVi"] not in own.world.catalogue.units:
            continue
        task = Task(row, at)
        left = None
        if task.done is None and task.deadline is not None:
            left = working_days_between(at.date(), task.deadline)
        yield (
            (row["MaDonVi"], row["MaNhiemVu"]),
            (
                row.get("TenNhiemVu"),
                task.is_training,
                task.deadline,
                task.done,
                row.get("MinhChung"),
                to_number(row["TyLe"]) if row.get("TyLe") else None,
                task.state,
                left,
            ),
        )


def _bottlenecks(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    plan = _Plan(own)
    for unit, period in own.counts:
        by_procedure: dict[str, list[Dossier]] = defaultdict(list)
        for one in plan.received(unit, period):
            by_procedure[one.row["MaTTHC"]].append(one)
        for procedure, dossiers in by_procedure.items():
            for step, values in _steps(dossiers, own.world.as_of):
                yield (unit, *period, procedure, step), values


def _steps(dossiers: list[Dossier], at: datetime) -> Iterator[tuple[str, Values]]:
    over: dict[str, list[tuple[Dossier, Fraction]]] = defaultdict(list)
    standing: dict[str, list[tuple[Dossier, Fraction]]] = defaultdict(list)
    for one in dossiers:
        for step, duration in _steps_over(one, at):
            over[step].append((one, _hours(duration)))
        if one.handled_until(at) is None:
            step, begun = _step_now(one, at)
            standing[step].append((one, _hours(at - begun)))
    totals = {
        step: _sum(over[step]) + _sum(standing[step]) for step in [*over.keys() | standing.keys()]
    }
    everything = sum(totals.values(), Fraction(0))
    for step, total in totals.items():
        hours = _sum(over[step])
        yield (
            step,
            (
                len(over[step]),
                _late(over[step], at),
                Fraction(rounded(hours)),
                Fraction(rounded(hours / len(over[step]))) if over[step] else None,
                len(standing[step]),
                _late(standing[step], at),
                Fraction(rounded(_sum(standing[step]))),
                total / everything if everything else None,
                1 + sum(other > total for other in totals.values()),
            ),
        )


def _steps_over(one: Dossier, at: datetime) -> Iterator[tuple[str, timedelta]]:
    assert one.received is not None
    if one.submitted is not None:
        yield "intake", one.received - one.submitted
    if one.status not in ("9", "10"):
        return
    end = one.handled_until(at)
    if end is not None:
        yield "handling", end - one.received - one.supplement_time(at)
        if one.requests(at):
            yield "supplement", one.supplement_time(at)
    if one.done is not None and one.returned is not None and max(one.done, one.returned) < at:
        yield "handover", one.returned - one.done


def _step_now(one: Dossier, at: datetime) -> tuple[str, datetime]:
    assert one.received is not None
    waiting_since = [asked for asked, is_answered in one.requests(at) if not is_answered]
    if waiting_since:
        return "supplement", min(waiting_since)
    return "handling", one.received + one.supplement_time(at)


def _hours(duration: timedelta) -> Fraction:
    return Fraction(max(duration, NOTHING) // timedelta(seconds=1), 3600)


def _sum(things: list[tuple[Dossier, Fraction]]) -> Fraction:
    return sum((hours for _, hours in things), Fraction(0))


def _late(things: list[tuple[Dossier, Fraction]], at: datetime) -> int:
    return sum(one.state(at) in ("late", "open_overdue") for one, _ in things)


def _inspections(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    world, at = own.world, own.world.as_of
    named = world.named_by_petitions(at)
    for one in world.dossiers:
        if one.unit not in world.catalogue.units or one.received is None or one.received >= at:
            continue
        reasons = [*_reasons(one, at)]
        if world.latest_rating(one.code, at) == "khong_hai_long":
            reasons.append("dissatisfied")
        if one.code in named:
            reasons.append("petition")
        for reason in reasons:
            yield (
                (one.code, reason),
                (
                    one.unit,
                    one.row["MaTTHC"],
                    _sentence(one, reason, at),
                    one.finished(at),
                    one.due,
                ),
            )


def _reasons(one: Dossier, at: datetime) -> Iterator[str]:
    if len(one.requests(at)) > 1:
        yield "repeated_supplements"
    end = one.handled_until(at)
    if end is not None and one.status in ("9", "10") and not is_working_day(end.date()):
        yield "finished_on_day_off"
    if one.due is None:
        return
    if any(asked > one.due + _waited(one, asked) for asked, _ in one.requests(at)):
        yield "supplement_after_deadline"
    reckoned = (one.finished(at) or at) - one.supplement_time(at)
    if reckoned > one.due:
        yield "late_without_apology"
    if end is not None and NOTHING <= one.due - reckoned <= timedelta(minutes=15):
        yield "finished_just_before_deadline"
    is_given_back = one.status in ("3", "7", "8") and end is not None
    if is_given_back and reckoned.date() >= one.due.date():
        yield "returned_at_deadline"


def _waited(one: Dossier, until: datetime) -> timedelta:
    """The supplement time of the supplements that arrived before a moment, whenever asked for."""
    waits = [
        max(arrived - asked, NOTHING)
        for asked, arrived in one.supplements
        if asked is not None and arrived is not None and arrived < until
    ]
    return sum(waits, NOTHING)


def _sentence(one: Dossier, reason: str, at: datetime) -> str:
    end = one.handled_until(at)
    requests = len(one.requests(at))
    facts = [
        f"tiếp nhận {one.received:%H:%M %d/%m/%Y}",
        f"hẹn trả {one.due:%H:%M %d/%m/%Y}" if one.due else "",
        f"xong {end:%H:%M %d/%m/%Y}" if end else "chưa xong",
        f"{requests} lần yêu cầu bổ sung" if requests else "",
    ]
    return f"{REASONS[reason]}: {', '.join(fact for fact in facts if fact)}"


TABLES = (
    Table(
        "plan_target",
        (*PLACE, "item_code"),
        (
            "comparison",
            "target",
            "actual",
            "is_met",
            "numerator",
            "denominator",
            "previous_actual",
            "source",
        ),
        _targets,
    ),
    Table(
        "plan_task",
        ("unit_code", "task_code"),
        (
            "task_name",
            "is_training",
            "deadline_day",
            "done_day",
            "evidence_link",
            "percent_done",
            "state",
            "working_days_left",
        ),
        _tasks,
    ),
    Table(
        "procedure_bottleneck",
        (*PLACE, "procedure_code", "step"),
        (
            "dossiers",
            "late_dossiers",
            "hours",
            "mean_hours",
            "open_dossiers",
            "open_overdue",
            "open_hours",
            "share_of_hours",
            "place",
        ),
        _bottlenecks,
    ),
    Table(
        "inspection_list",
        ("dossier_code", "reason"),
        ("unit_code", "procedure_code", "sentence", "finished_at", "due_at"),
        _inspections,
    ),
)
