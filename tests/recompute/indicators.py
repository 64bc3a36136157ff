"""Numerator and denominator of the 24 indicators, for every unit and period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import NamedTuple

from .dossiers import Dossier, is_fee_bearing
from .exports import Known, Row, to_number, to_period, to_set, to_time
from .petitions import Petition
from .procedures import Catalogue
from .working_days import working_day_after

CONTENT = (
    "TenTTHC",
    "TrinhTuThucHien",
    "CachThucThucHien",
    "ThanhPhanHoSo",
    "ThoiHan",
    "DoiTuong",
    "CoQuanThucHien",
)
MIDNIGHT = time()


class Period(NamedTuple):
    kind: str
    start: date

    @property
    def end(self) -> date:
        months = {"month": 1, "quarter": 3, "year": 12}[self.kind]
        year, month = divmod(self.start.year * 12 + self.start.month - 1 + months, 12)
        return date(year, month + 1, 1)

    @property
    def months(self) -> list[int]:
        last = (self.end - timedelta(days=1)).month
        return list(range(self.start.month, last + 1))

    @property
    def name(self) -> str:
        """As the portal's pulls name it."""
        year = self.start.year
        if self.kind == "month":
            return f"{year}-{self.start.month:02d}"
        return f"{year}-Q{(self.start.month + 2) // 3}" if self.kind == "quarter" else f"{year}"


def period_of(kind: str, day: date) -> Period:
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[kind]
    return Period(kind, date(day.year, month, 1))


@dataclass
class Count:
    """What an indicator counts: every thing, and whether it is in the numerator.

    ``hours``: of every thing, where the numerator is their sum. ``fixed_denominator``: a number
    that is no count of things. ``shown_ratio``: where it is not numerator / denominator.
    """

    things: dict[str, bool] = field(default_factory=dict)
    hours: dict[str, Fraction] | None = None
    fixed_denominator: int | None = None
    shown_ratio: Fraction | None = None

    @property
    def numerator(self) -> Decimal:
        if self.hours is not None:
            return rounded(sum(self.hours.values(), Fraction(0)))
        return Decimal(sum(self.things.values()))

    @property
    def denominator(self) -> int:
        return len(self.things) if self.fixed_denominator is None else self.fixed_denominator

    @property
    def ratio(self) -> Fraction | None:
        return self.counted_ratio if self.shown_ratio is None else self.shown_ratio

    @property
    def counted_ratio(self) -> Fraction | None:
        return Fraction(self.numerator) / self.denominator if self.denominator else None

    def moved(self, thing: str, is_counted: bool) -> Count:
        """The same with one of its things in the numerator, or out of it."""
        return replace(self, things=self.things | {thing: is_counted})


Counts = dict[str, Count]


def show_ratios(counts: Counts) -> Counts:
    """That of 1.4 is at most 1; that of 3.3 is its product with it (0 where it does not exist)."""
    synchronised, online = counts["1.4"].counted_ratio, counts["3.3"].counted_ratio
    factor = min(Fraction(1), synchronised or Fraction(0))
    return counts | {
        "1.4": replace(counts["1.4"], shown_ratio=None if synchronised is None else factor),
        "3.3": replace(counts["3.3"], shown_ratio=None if online is None else online * factor),
    }


class World:
    """Everything known as of A, the end of the newest export day."""

    def __init__(self, exports: Known, as_of: datetime) -> None:
        self.as_of = as_of
        self._exports = exports
        self.read = exports.read
        self.catalogue = Catalogue(exports)
        procedures = self.catalogue.procedures
        self.dossiers = [
            Dossier(row, procedures.get(row["MaTTHC"])) for row in exports.newest("dossiers")
        ]
        self.petitions = [Petition(row) for row in exports.newest("petitions")]
        self._announcements = exports.newest("announcements")
        self._publicity_of: dict[tuple[str, Period], Counts] = {}
        self._ratings: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for row in exports.newest("ratings"):
            given = to_time(row["NgayDanhGia"])
            assert given is not None
            self._ratings[row["MaHoSo"]].append((given, row.get("MucDo", "")))
        self._national = {
            (row["MaDonVi"], int(row["Nam"]), int(row["Thang"])): int(
                to_number(row["SoHoSoTiepNhan"])
            )
            for row in exports.newest("national_counts")
            if row.get("SoHoSoTiepNhan")
        }
        self._portal = {
            (row["unit_code"], to_period(row["period"])): int(to_number(row["denominator"]))
            for row in exports.newest("portal_scores")
            if row.get("metric") == "DOSSIER_SYNC" and row.get("denominator")
        }
        self._dossiers_of: dict[str, list[Dossier]] = defaultdict(list)
        for dossier in self.dossiers:
            for unit in self.catalogue.lineage(dossier.unit):
                self._dossiers_of[unit].append(dossier)
        self._petitions_of: dict[str, list[Petition]] = defaultdict(list)
        for petition in self.petitions:
            for unit in self.catalogue.lineage(petition.unit):
                self._petitions_of[unit].append(petition)

    def pulls(self) -> list[tuple[date, Row]]:
        """What the portal had published, and the day that brought it."""
        return self._exports.pulls()

    def newest(self, source: str) -> list[Row]:
        return self._exports.newest(source)

    def given(self, source: str, field: str, code: str) -> list[Row]:
        """The newest rows of a thing as they were given."""
        return [row for row in self.newest(source) if row.get(field) == code]

    def first_day(self) -> date | None:
        """Of the first dossier or petition of a known unit."""
        units = self.catalogue.units
        moments = [one.received or one.submitted for one in self.dossiers if one.unit in units]
        moments += [one.sent for one in self.petitions if one.unit in units]
        return min((moment.date() for moment in moments if moment), default=None)

    def periods(self) -> list[Period]:
        """Of the first dossier or petition through those that hold the last second before A."""
        first = self.first_day()
        last = (self.as_of - timedelta(seconds=1)).date()
        if first is None:
            return []
        periods = []
        for kind in ("month", "quarter", "year"):
            period = period_of(kind, first)
            while period.start <= last:
                periods.append(period)
                period = period_of(kind, period.end)
        return periods

    def current_periods(self) -> list[Period]:
        """The month, quarter and year that hold the last second before A."""
        last = (self.as_of - timedelta(seconds=1)).date()
        return [one for one in self.periods() if one.start <= last < one.end]

    def latest_rating(self, dossier: str, at: datetime) -> str:
        given = [rating for rating in self._ratings.get(dossier, []) if rating[0] < at]
        return max(given, default=(at, ""), key=lambda rating: rating[0])[1]

    def counts(self, unit: str, period: Period) -> Counts:
        """The counts of all indicators by their code; 4.6 as ``decision-766-text`` has it."""
        publicity = self._publicity(self.catalogue.province(unit), period)
        return _Scope(self, unit, period).counts() | publicity

    def _publicity(self, province: str | None, period: Period) -> Counts:
        """1.1–1.3 are counted for provinces; every unit below shows the province's figures."""
        if province is None:
            return {code: Count() for code in ("1.1", "1.2", "1.3")}
        if (province, period) not in self._publicity_of:
            self._publicity_of[province, period] = _Scope(self, province, period).publicity()
        return self._publicity_of[province, period]

    def national_count(self, unit: str, period: Period) -> int | None:
        """What the national reporting system says, if it says anything."""
        own = self._own_national_count(unit, period)
        if own is not None or self.catalogue.level(unit) != "tinh":
            return own
        below = [self._own_national_count(child, period) for child in self.catalogue.children(unit)]
        known = [count for count in below if count is not None]
        return sum(known) if known else None

    def _own_national_count(self, unit: str, period: Period) -> int | None:
        year = period.start.year
        if period.kind == "year" and (unit, year, 0) in self._national:
            return self._national[unit, year, 0]
        there = [
            (unit, year, month) for month in period.months if (unit, year, month) in self._national
        ]
        return sum(self._national[key] for key in there) if there else None

    def portal_count(self, unit: str, period: Period) -> int | None:
        return self._portal.get((unit, period.name))

    def announcements_of(self, province: str) -> list[Row]:
        """Of the province and the units below it."""
        below = self.catalogue.below[province]
        return [row for row in self._announcements if row["MaDonVi"] in below]

    def dossiers_of(self, unit: str) -> list[Dossier]:
        return self._dossiers_of[unit]

    def petitions_of(self, unit: str) -> list[Petition]:
        return self._petitions_of[unit]

    @cached_property
    def _states(self) -> dict[tuple[str, datetime], str]:
        return {}

    def state(self, dossier: Dossier, at: datetime) -> str:
        key = (dossier.code, at)
        if key not in self._states:
            self._states[key] = dossier.state(at)
        return self._states[key]

    def named_by_petitions(self, at: datetime) -> set[str]:
        """The dossiers that a petition sent before ``at`` names."""
        return {
            one.row["MaHoSo"] for one in self.petitions if one.row.get("MaHoSo") and one.sent < at
        }

    def repeated(self, at: datetime) -> set[str]:
        """The petitions that another one sent before ``at`` repeats."""
        return {
            one.row["MaPAKNTruoc"]
            for one in self.petitions
            if one.sent < at and one.row.get("MaPAKNTruoc", one.code) != one.code
        }


class _Scope:
    """One unit in one period, from ``start`` to ``at`` (exclusive)."""

    def __init__(self, world: World, unit: str, period: Period) -> None:
        self.world, self.unit, self.period = world, unit, period
        self.start = datetime.combine(period.start, MIDNIGHT)
        self.at = min(datetime.combine(period.end, MIDNIGHT), world.as_of)
        self.own = world.dossiers_of(unit)
        self.received = [one for one in self.own if one.is_received(self.start, self.at)]
        self.handled = [one for one in self.own if self._is_handled(one)]

    def _is_handled(self, dossier: Dossier) -> bool:
        """The denominator of 2.1: received before T, and not finished before S."""
        if dossier.received is None or dossier.received >= self.at:
            return False
        finished = dossier.finished(self.at)
        return finished is None or finished >= self.start

    def counts(self) -> Counts:
        counts = {
            "1.4": self.synchronised(),
            "2.1": _of(self.handled, self._is_in_time),
            "2.2": self.mean_hours(),
            "3.1": self.with_online_service(),
            "3.2": self.used_services(),
            "3.3": _of(self.received, lambda one: one.is_online),
            "3.5a": self.fee_procedures(lambda one: one.has_fee),
            "3.5b": self.fee_procedures(lambda one: one.is_paid_online),
            "3.6": _of([d for d in self.received if d.owes_fee], lambda one: one.is_paid_online),
            "4.1": _of(self.handled, lambda one: one.has_result_link),
            "4.2": _of(self.handled, lambda one: one.is_digitised),
            "4.3": _of(self.handled, lambda one: one.reuses_data),
            "4.4": _of(self.handled, lambda one: one.shares_data),
            "4.5a": self.citizen_procedures(),
            "4.5b": _of(self.handled, lambda one: one.uses_population_data),
            "4.6": self.certified_copies(),
            "5.4": self.content_applicants(),
        }
        return show_ratios(counts) | self.petition_counts()

    # Publicity, of a province

    def publicity(self) -> Counts:
        return {
            "1.1": self.announced_in_time(),
            "1.2": self.made_public_in_time(),
            "1.3": self.fully_described(),
        }

    def announced_in_time(self) -> Count:
        rows = []
        for row in self.world.announcements_of(self.unit):
            decided, in_force = to_time(row.get("NgayQuyetDinh")), to_time(row.get("NgayHieuLuc"))
            if decided is None or not self.start <= decided < self.at:
                continue
            deadline = working_day_after(decided.date(), 5)
            rows.append((row["MaTTHC"], in_force is not None and deadline <= in_force.date()))
        return _all_rows(rows)

    def made_public_in_time(self) -> Count:
        rows = []
        for row in self.world.announcements_of(self.unit):
            decided, public = to_time(row.get("NgayQuyetDinh")), to_time(row.get("NgayCongKhai"))
            deadline = working_day_after(decided.date(), 5) if decided else None
            if public is not None and public < self.at:
                if public >= self.start:
                    in_time = deadline is not None and public.date() <= deadline
                    rows.append((row["MaTTHC"], in_time))
            elif deadline and self.start.date() <= deadline < self.at.date():
                rows.append((row["MaTTHC"], False))
        return _all_rows(rows)

    def fully_described(self) -> Count:
        procedures = self.world.catalogue.procedures
        codes = self.world.catalogue.of_unit(self.unit)
        return Count({code: all(map(procedures[code].get, CONTENT)) for code in codes})

    def synchronised(self) -> Count:
        count = _of(self.received, lambda one: one.is_synchronised)
        portal = self.world.portal_count(self.unit, self.period)
        national = self.world.national_count(self.unit, self.period)
        by_portal = len(self.received) if portal is None else portal
        count.fixed_denominator = max(by_portal, national or 0)
        return count

    # Progress

    def _state(self, dossier: Dossier) -> str:
        return self.world.state(dossier, self.at)

    def _is_in_time(self, dossier: Dossier) -> bool:
        return self._state(dossier) in ("early", "on_time", "open_in_time")

    def mean_hours(self) -> Count:
        hours, now = {}, self.world.as_of
        for dossier in self.received:
            finished = dossier.handled_until(now)
            if dossier.status not in ("9", "10") or finished is None or dossier.received is None:
                continue
            spent = finished - dossier.received - dossier.supplement_time(now)
            hours[dossier.code] = Fraction(spent // timedelta(microseconds=1), 3_600_000_000)
        return Count(dict.fromkeys(hours, True), hours)

    # Online services

    def with_online_service(self) -> Count:
        with_service = set(self.world.catalogue.public_services(self.unit).values())
        codes = self.world.catalogue.of_unit(self.unit)
        return Count({code: code in with_service for code in codes})

    def used_services(self) -> Count:
        first = self.world.catalogue.first_public_service
        used = set()
        for dossier in self.own:
            moment = dossier.received or dossier.submitted
            if dossier.is_online and moment and self.start <= moment < self.at:
                used.add(dossier.row.get("MaDVC") or first.get(dossier.row["MaTTHC"]))
        return Count({one: one in used for one in self.world.catalogue.public_services(self.unit)})

    # Online payment

    def fee_procedures(self, shows: Callable[[Dossier], bool]) -> Count:
        return self._procedures_with(is_fee_bearing, shows)

    def citizen_procedures(self) -> Count:
        return self._procedures_with(
            lambda row: "cong_dan" in to_set(row.get("DoiTuong")),
            lambda one: one.uses_population_data,
        )

    def _procedures_with(
        self, is_meant: Callable[[Row], bool], shows: Callable[[Dossier], bool]
    ) -> Count:
        shown = {one.row["MaTTHC"] for one in self.received if shows(one)}
        catalogue = self.world.catalogue
        meant = [c for c in catalogue.of_unit(self.unit) if is_meant(catalogue.procedures[c])]
        return Count({code: code in shown for code in meant})

    # Digitisation

    def certified_copies(self) -> Count:
        catalogue = self.world.catalogue
        units = [self.unit]
        if catalogue.level(self.unit) == "tinh":
            units = [one for one in catalogue.below[self.unit] if catalogue.level(one) == "xa"]
        return Count(
            {one: catalogue.units[one].get("ChungThucBanSaoDienTu") == "1" for one in units}
        )

    # Satisfaction

    def content_applicants(self) -> Count:
        named = self.world.named_by_petitions(self.at)
        return _of(
            self.handled,
            lambda one: (
                self._state(one) not in ("late", "open_overdue")
                and one.code not in named
                and self.world.latest_rating(one.code, self.at) != "khong_hai_long"
            ),
        )

    def petition_counts(self) -> Counts:
        own = [p for p in self.world.petitions_of(self.unit) if p.counts(self.start, self.at)]
        repeated = self.world.repeated(self.at)
        in_time = {one.code: one.state(self.at) in ("on_time", "open_in_time") for one in own}
        content = {
            one.code: in_time[one.code] and not one.is_disliked and one.code not in repeated
            for one in own
        }
        kinds = {one.code: one.row.get("PhanLoai") for one in own}
        return {
            "5.1a": Count({code: kind == "quy_dinh" for code, kind in kinds.items()}),
            "5.1b": Count({code: kind == "hanh_vi" for code, kind in kinds.items()}),
            "5.2": Count(in_time),
            "5.3": Count(content),
        }


def _of(dossiers: Iterable[Dossier], is_counted: Callable[[Dossier], bool]) -> Count:
    return Count({one.code: is_counted(one) for one in dossiers})


def _all_rows(rows: Iterable[tuple[str, bool]]) -> Count:
    """Procedures, in the numerator if all of their rows are in time."""
    things: dict[str, bool] = {}
    for code, in_time in rows:
        things[code] = things.get(code, True) and in_time
    return Count(things)


def rounded(number: Fraction) -> Decimal:
    """To two decimals, half up (away from zero)."""
    cents = floor(abs(number) * 100 + Fraction(1, 2))
    return Decimal(cents if number >= 0 else -cents) / 100
