"""The rows of the marts as the second reading has them: key -> values of the columns named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .dossiers import Dossier, is_fee_bearing
from .exports import Row, to_number, to_set, to_time
from .indicators import Count, Counts, Period, World
from .petitions import Petition
from .scores import PROFILES, RULES, scorecard, target
from .working_days import working_days_between

Key = tuple[Any, ...]
Values = tuple[Any, ...]

GROUP_MAXIMUM = {"CKMB": 18, "TDGQ": 20, "ONLINE": 12, "TTTT": 10, "MDSH": 22, "MDHL": 18}
UNIT_LEVELS = {"xa": "commune", "so": "agency", "tinh": "province"}
FIRST_DAY, LAST_DAY = date(2022, 6, 23), date(9999, 12, 31)
BY_PROCEDURE = ("2.1", "2.2", "3.3", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5b", "5.4")


class Recomputed:
    """A world with the counts of every unit and period, worked out once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts: dict[tuple[str, Period], Counts] = {
            (unit, period): world.counts(unit, period)
            for period in world.periods()
            for unit in world.catalogue.units
        }
        self.procedure_of = {one.code: one.row["MaTTHC"] for one in world.dossiers}
        self.cards = {
            (profile, unit, period): scorecard(
                profile, counts, world.catalogue.level(unit), world.read
            )
            for (unit, period), counts in self.counts.items()
            for profile in PROFILES
        }


@dataclass(frozen=True)
class Table:
    """A mart: the columns of its key, those compared, and its rows as recomputed."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Callable[[Recomputed], Iterator[tuple[Key, Values]]]


def _units(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for code, row in own.world.catalogue.units.items():
        level = UNIT_LEVELS[row["Cap"]]
        yield (
            (code,),
            (row.get("TenDonVi"), level, row.get("MaDonViCha"), row.get("MaGSO")),
        )


def _rules(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for profile in PROFILES:
        for code, rule in RULES.items():
            goal = target(profile, code) if rule.maximum else None
            for level in UNIT_LEVELS.values():
                yield (
                    (profile, code, level),
                    (rule.group, rule.maximum, goal, rule.at_zero, FIRST_DAY, LAST_DAY),
                )


def _procedures(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    catalogue = own.world.catalogue
    for code, row in catalogue.procedures.items():
        limit = row.get("ThoiHan")
        yield (
            (code,),
            (
                row.get("TenTTHC"),
                row.get("MaLinhVuc"),
                row.get("TenLinhVuc"),
                row.get("CapThucHien"),
                row.get("TrangThai"),
                "cong_dan" in to_set(row.get("DoiTuong")),
                row.get("CoKetQuaGiayTo") == "1",
                is_fee_bearing(row),
                to_number(limit) if limit else None,
                row.get("DonViThoiHan"),
                row.get("PhiDiaGioi") == "1",
                row.get("LienThong") == "1",
                row.get("NganhDoc") == "1",
                catalogue.online_level(code),
            ),
        )


def _dossiers(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    world, at = own.world, own.world.as_of
    named = world.named_by_petitions(at)
    for one in world.dossiers:
        state = one.state(at)
        yield (
            (one.code,),
            (
                one.unit,
                one.row["MaTTHC"],
                int(one.row.get("KenhThucHien") or 1),
                int(one.status),
                one.received,
                one.due,
                one.finished(at) if state != "not_received" else None,
                one.returned,
                len(one.requests(at)),
                one.supplement_time(at),
                state,
                working_days_left(one.due, state, at),
                one.is_paid_online,
                one.has_component_file,
                one.reuses_data,
                one.shares_data,
                one.has_result_link,
                one.uses_population_data,
                is_outside_boundary(one, world.catalogue.units.get(one.unit)),
                one.is_sent_back(at),
                one.status in ("5", "6"),
                world.latest_rating(one.code, at) or None,
                one.code in named,
                one.row.get("DonViXuLy"),
            ),
        )


def working_days_left(deadline: datetime | None, state: str | None, at: datetime) -> int | None:
    """From the day that begins at ``at``; only what is open has days left."""
    if deadline is None or state not in ("open_in_time", "open_overdue"):
        return None
    return working_days_between(at.date(), deadline.date())


def is_outside_boundary(dossier: Dossier, unit: Row | None) -> bool:
    """The applicant is of another commune than the one that received the dossier."""
    home = dossier.row.get("MaXaChuHoSo")
    own = unit.get("MaGSO") if unit and unit["Cap"] == "xa" else None
    return bool(home and own and home != own)


def _petitions(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    at = own.world.as_of
    for one in own.world.petitions:
        has_begun = one.start < at
        state = one.state(at) if has_begun else None
        deadline = one.deadline(at) if has_begun else None
        yield (
            (one.code,),
            (
                one.unit,
                one.row.get("PhanLoai"),
                one.start,
                *(_time(one, name) for name in _PETITION_TIMES),
                deadline,
                state,
                working_days_left(
                    datetime.combine(deadline, datetime.min.time()) if deadline else None,
                    state,
                    at,
                ),
                one.is_disliked,
                one.row.get("MaHoSo"),
            ),
        )


_PETITION_TIMES = ("NgayYeuCauBoSung", "NgayTuChoi", "NgayTraLoi", "NgayCongKhai")


def _time(petition: Petition, name: str) -> datetime | None:
    return to_time(petition.row.get(name))


def _indicators(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for (profile, unit, period), card in own.cards.items():
        for code, row in card.indicators.items():
            yield (
                (profile, unit, *period, code),
                (
                    row.numerator,
                    row.denominator,
                    row.ratio,
                    row.score,
                    RULES[code].maximum,
                    row.status,
                    own.world.as_of,
                ),
            )


def _by_procedure(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for (unit, period), counts in own.counts.items():
        for code in BY_PROCEDURE:
            for procedure, values in _per_procedure(own, counts[code]):
                for profile in PROFILES:
                    yield (profile, unit, *period, code, procedure), values


def _per_procedure(own: Recomputed, count: Count) -> Iterator[tuple[str, Values]]:
    things: dict[str, list[str]] = defaultdict(list)
    for thing in count.things:
        things[own.procedure_of[thing]].append(thing)
    for procedure, dossiers in things.items():
        hours = None if count.hours is None else {one: count.hours[one] for one in dossiers}
        part = Count({one: count.things[one] for one in dossiers}, hours)
        yield procedure, (part.numerator, part.denominator, part.ratio)


def _groups(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for (profile, unit, period), card in own.cards.items():
        for group, score in card.groups.items():
            yield (profile, unit, *period, group), (score, GROUP_MAXIMUM[group], own.world.as_of)


def _scorecards(own: Recomputed) -> Iterator[tuple[Key, Values]]:
    for (profile, unit, period), card in own.cards.items():
        yield (
            (profile, unit, *period),
            (card.total, 100, card.rating, card.measured, card.expected, own.world.as_of),
        )


PLACE = ("unit_code", "period_type", "period_start")

TABLES = (
    Table(
        "dim_indicator",
        ("profile", "indicator_code", "unit_level"),
        ("group_code", "max_score", "target_ratio", "zero_denominator", "valid_from", "valid_to"),
        _rules,
    ),
    Table(
        "dim_unit",
        ("unit_code",),
        ("unit_name", "unit_level", "parent_unit_code", "gso_code"),
        _units,
    ),
    Table(
        "dim_procedure",
        ("procedure_code",),
        (
            "procedure_name",
            "field_code",
            "field_name",
            "level",
            "state",
            "for_citizens",
            "has_paper_result",
            "is_fee_bearing",
            "time_limit",
            "time_limit_unit",
            "is_boundary_free",
            "is_linked",
            "is_vertical",
            "online_level",
        ),
        _procedures,
    ),
    Table(
        "fct_dossier",
        ("dossier_code",),
        (
            "unit_code",
            "procedure_code",
            "channel",
            "status",
            "received_at",
            "due_at",
            "finished_at",
            "returned_at",
            "supplement_requests",
            "supplement_time",
            "state",
            "working_days_left",
            "paid_online",
            "has_component_file",
            "reuses_data",
            "from_data_store",
            "has_electronic_result",
            "uses_population_data",
            "is_outside_boundary",
            "is_returned",
            "is_suspended",
            "rating",
            "has_petition",
            "department",
        ),
        _dossiers,
    ),
    Table(
        "fct_petition",
        ("petition_code",),
        (
            "unit_code",
            "category",
            "clock_start",
            "supplement_requested_at",
            "refused_at",
            "answered_at",
            "published_at",
            "deadline_day",
            "state",
            "working_days_left",
            "is_dissatisfied",
            "dossier_code",
        ),
        _petitions,
    ),
    Table(
        "fct_indicator",
        ("profile", *PLACE, "indicator_code"),
        ("numerator", "denominator", "ratio", "score", "max_score", "status", "as_of"),
        _indicators,
    ),
    Table(
        "fct_indicator_by_procedure",
        ("profile", *PLACE, "indicator_code", "procedure_code"),
        ("numerator", "denominator", "ratio"),
        _by_procedure,
    ),
    Table(
        "fct_group_score",
        ("profile", *PLACE, "group_code"),
        ("score", "max_score", "as_of"),
        _groups,
    ),
    Table(
        "fct_scorecard",
        ("profile", *PLACE),
        (
            "total_score",
            "max_score",
            "rating",
            "measured_indicators",
            "expected_indicators",
            "as_of",
        ),
        _scorecards,
    ),
)
