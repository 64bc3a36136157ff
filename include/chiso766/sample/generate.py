"""Sample exports of a province and its units, strictly to the contract of exports.

Day by day: dossiers are made when they are received, some weeks ahead of the night being written
(what is submitted today may be received later); everything that changes waits in the outbox for its
night. The people are fictitious, the units' habits invented; equal arguments give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from chiso766.errors import ChisoError
from chiso766.sample.announcements import announce
from chiso766.sample.catalogue import (
    UnitProcedure,
    all_procedures,
    all_services,
    change_services,
    handled_by,
)
from chiso766.sample.dirt import SENT_AGAIN, Dirt
from chiso766.sample.documents import Documents
from chiso766.sample.dossier_life import LONGEST_LEAD, DossierLives
from chiso766.sample.layouts import Layout, Layouts
from chiso766.sample.national_counts import NationalCounts
from chiso766.sample.outbox import Item, Outbox
from chiso766.sample.petition_life import PetitionLives
from chiso766.sample.portal import Answer, Portal
from chiso766.sample.ratings import ratings_of
from chiso766.sample.sheets import HtmlFile, WorkbookFile
from chiso766.sample.streams import shares, stream
from chiso766.sample.surveys import Surveys
from chiso766.sample.tasks import plans
from chiso766.sample.units import Unit, all_units, units_with_dossiers
from chiso766.sample.working_hours import DAY, WorkingHours, check_years, is_working_day
from chiso766.sample.write import ExportFile, TextFile

HISTORY_DAYS = 62  # before the first night, in its full dump
LOOKAHEAD = LONGEST_LEAD + 1
MANIFEST = "dirt.json"
MOST_DIRT = 0.5
DAY_OF_PLANS = 0  # every Monday, whole
WEEKDAYS = (1.25, 1.1, 1.0, 0.95, 0.9, 0.5, 0.5)  # how many come, Monday first
MONTHS = (1.1, 0.8, 1.15, 1.0, 1.0, 1.05, 1.15, 1.2, 1.1, 1.0, 1.0, 0.95)
DOSSIERS_NAMED_BY_PETITIONS = range(3, 25)  # days since they were received


@dataclass(frozen=True)
class Written:
    """What a sample holds; ``dossiers``: received in the span of its nights. One answer of the
    Portal is one row."""

    nights: int
    files: int
    rows: int
    dossiers: int
    bytes: int


OnNight = Callable[[date, int], None]
"""Called after each night with its export day and the number of rows written so far."""


def write_sample(
    directory: Path,
    *,
    units: int,
    dossiers: int,
    days: int,
    seed: int,
    last_day: date,
    dirt: float = 0.0,
    home_unit: str = "H24.999",
    on_night: OnNight | None = None,
) -> Written:
    """Write the exports of ``days`` nights up to ``last_day`` into ``directory/<day>/<source>/``.

    ``units``: how many have dossiers, the home ward first. ``dossiers``: how many they receive in
    the span, together. ``dirt``: share of broken rows and files, listed in ``directory/dirt.json``.
    Raises ``ChisoError`` for arguments that make no sense and for a directory that is not empty.
    """
    _check(directory, dossiers, days, dirt)
    sample = _Sample(units, dossiers, days, seed, last_day.toordinal(), home_unit)
    return sample.write(directory, dirt, on_night)


def _check(directory: Path, dossiers: int, days: int, dirt: float) -> None:
    if days < 1 or dossiers < 1:
        raise ChisoError("Số ngày và số hồ sơ phải từ 1 trở lên: hãy sửa --days và --dossiers.")
    if not 0 <= dirt <= MOST_DIRT:
        raise ChisoError(f"Tỷ lệ dữ liệu lỗi phải từ 0 đến {MOST_DIRT}: hãy sửa --dirt.")
    if directory.exists() and any(directory.iterdir()):
        raise ChisoError(
            f"Thư mục {directory} không trống: hãy chọn thư mục khác hoặc xóa nội dung cũ."
        )


class _Sample:
    """The world of one sample, moving forward day by day."""

    def __init__(
        self, units: int, dossiers: int, days: int, seed: int, last: int, home_unit: str
    ) -> None:
        self._seed, self._first, self._last, self._home = seed, last - days + 1, last, home_unit
        self._begin = self._first - HISTORY_DAYS
        check_years(self._begin, last)
        self._hours = WorkingHours()
        self._outbox = Outbox(self._first, last)
        self._units = all_units(seed, home_unit)
        self._active = units_with_dossiers(self._units, units)
        self._procedures = all_procedures(seed)
        self._services = all_services(self._procedures, self._units, seed)
        change_services(self._services, self._first, last, seed, self._outbox)
        self._announcements = announce(
            self._procedures, self._begin, last, self._hours, seed, self._outbox
        )
        self._numbers = self._receipts(dossiers)
        communes = [unit.gso_code for unit in self._units if unit.level == "xa"]
        self._dossiers = [
            DossierLives(unit, self._procedures, communes, self._hours, seed)
            for unit in self._active
        ]
        self._ratings = [stream(seed, "ratings", unit.code) for unit in self._active]
        self._petitions = [PetitionLives(unit, self._hours, seed) for unit in self._active]
        self._documents = [Documents(unit, seed) for unit in self._active]
        self._surveys = [Surveys(unit, seed) for unit in self._active]
        self._tasks = plans(self._active, self._begin, last, seed)
        self._known: dict[tuple[str, int], str] = {}  # a dossier of a unit and day of receipt
        self._counts = NationalCounts(seed)
        self._portal = Portal(
            self._units, self._active[0], self._numbers[0], self._announcements, last, seed
        )
        self._made_until = self._begin

    def write(self, directory: Path, dirt_share: float, on_night: OnNight | None) -> Written:
        dirt = None
        if dirt_share:
            dirt = Dirt(dirt_share, self._seed, self._outbox, self._last, self._home)
        layouts = Layouts(self._active, self._home, self._first)
        writer = _NightWriter(directory, layouts, dirt)
        for night in range(self._first, self._last + 1):
            self._live_through(night)
            writer.write(night, self._outbox.take(night))
            for answer in self._portal.answers(night):
                writer.write_answer(night, answer)
            if on_night:
                on_night(date.fromordinal(night), writer.rows)
        if dirt:
            dirt.write_manifest(directory / MANIFEST)
        received = sum(
            number
            for numbers in self._numbers
            for day, number in numbers.items()
            if self._first <= day <= self._last
        )
        nights = self._last - self._first + 1
        return Written(nights, writer.files, writer.rows, received, writer.bytes)

    def _live_through(self, night: int) -> None:
        """Let everything happen that the night's export must know of."""
        for day in range(self._made_until, night + LOOKAHEAD):
            self._receive(day)
        self._made_until = night + LOOKAHEAD
        for day in range(self._begin if night == self._first else night, night + 1):
            self._send_petitions(day)
            self._issue_documents(day)
            self._answer_surveys(day)
            for unit, numbers in zip(self._active, self._numbers, strict=True):
                if numbers.get(day):
                    self._counts.count(unit.code, day, numbers[day])
        self._export_catalogues(night)
        if night == self._first or date.fromordinal(night).weekday() == DAY_OF_PLANS:
            for task in self._tasks:
                self._outbox.add("tasks", night, task)
        for count in self._counts.reports(night, is_first_night=night == self._first):
            self._outbox.add("national_counts", night, count)

    def _receive(self, day: int) -> None:
        for number, unit in enumerate(self._active):
            for life in self._dossiers[number].received_on(day, self._numbers[number].get(day, 0)):
                self._outbox_all("dossiers", life, life.moments())
                for rating in ratings_of(life, self._ratings[number]):
                    self._outbox.add("ratings", rating.given // DAY, rating)
                if life.is_late or (unit.code, day) not in self._known:
                    self._known[unit.code, day] = life.code

    def _send_petitions(self, day: int) -> None:
        for unit, petitions in zip(self._active, self._petitions, strict=True):
            days = (day - ago for ago in DOSSIERS_NAMED_BY_PETITIONS)
            known = [self._known[unit.code, on] for on in days if (unit.code, on) in self._known]
            for petition in petitions.sent_on(day, known):
                self._outbox_all("petitions", petition, petition.moments())

    def _issue_documents(self, day: int) -> None:
        for documents in self._documents:
            for document in documents.issued_on(day):
                self._outbox_all("documents", document, document.moments())

    def _answer_surveys(self, day: int) -> None:
        for surveys in self._surveys:
            for survey in surveys.answered_on(day):
                self._outbox.add("surveys", day, survey)

    def _outbox_all(self, source: str, item: Item, moments: Iterable[int]) -> None:
        for day in sorted({moment // DAY for moment in moments}):
            self._outbox.add(source, day, item)

    def _export_catalogues(self, night: int) -> None:
        """Everything on the first night and on the first of a month."""
        if night != self._first and date.fromordinal(night).day != 1:
            return
        catalogues: dict[str, Sequence[Item]] = {
            "units": self._units,
            "procedures": self._procedures,
            "online_services": self._services,
            "announcements": [one for one in self._announcements if one.decided <= night],
            "unit_procedures": [
                UnitProcedure(unit.code, procedure.code)
                for unit in self._units
                if unit.level == "so"
                for procedure in handled_by(unit, self._procedures)
            ],
        }
        for source, items in catalogues.items():
            for item in items:
                self._outbox.add(source, night, item)

    def _receipts(self, dossiers: int) -> list[dict[int, int]]:
        """How many dossiers each unit receives each day; in the span of the nights as asked."""
        end = self._last + LOOKAHEAD + 1
        weights = [_day_weights(unit, range(self._begin, end), self._seed) for unit in self._active]
        span = range(self._first, self._last + 1)
        in_span = sum(by_day.get(day, 0.0) for by_day in weights for day in span)
        if not in_span:
            raise ChisoError("Khoảng ngày được chọn không có ngày làm việc nào: hãy tăng --days.")
        receipts: list[dict[int, int]] = [{} for _ in weights]
        for days in (range(self._begin, self._first), span, range(self._last + 1, end)):
            places = [
                (number, day)
                for number, by_day in enumerate(weights)
                for day in days
                if day in by_day
            ]
            weight = [weights[number][day] for number, day in places]
            total = round(dossiers * sum(weight) / in_span)
            for (number, day), share in zip(places, shares(total, weight), strict=True):
                receipts[number][day] = share
        return receipts


def _day_weights(unit: Unit, days: range, seed: int) -> dict[int, float]:
    """How busy a unit is on each working day."""
    random = stream(seed, "volume", unit.code)
    weights = {}
    for day in days:
        noise = random.lognormvariate(0, 0.18)
        if is_working_day(day):
            on = date.fromordinal(day)
            after_rest = 1.0 if is_working_day(day - 1) else 1.1
            weights[day] = (
                unit.size * WEEKDAYS[on.weekday()] * MONTHS[on.month - 1] * after_rest * noise
            )
    return weights


class _NightWriter:
    """Writes the files of a night, and counts."""

    def __init__(self, directory: Path, layouts: Layouts, dirt: Dirt | None) -> None:
        self._directory = directory
        self._layouts = layouts
        self._dirt = dirt
        self.files = self.rows = self.bytes = 0

    def write(self, night: int, items: Mapping[str, list[Item]]) -> None:
        day = self._directory / date.fromordinal(night).isoformat()
        grouped: dict[Layout, list[Item]] = {layout: [] for layout in self._layouts.daily(night)}
        for source, changed in items.items():
            for item in changed:
                layout = self._layouts.of(source, item, night)
                grouped.setdefault(layout, []).append(item)
        for layout, of_layout in grouped.items():
            self._write_file(day / layout.source, layout, night, of_layout)

    def write_answer(self, night: int, answer: Answer) -> None:
        """The Portal's answers are whole as they are: never a layout of rows, never dirty."""
        folder = self._directory / date.fromordinal(night).isoformat() / "portal_scores"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{answer.name}.json"
        envelope = {"code": "OK", "data": answer.data, "message": None}
        path.write_bytes(msgspec.json.encode(envelope) + b"\n")
        self._count(path, 1)

    def _write_file(self, folder: Path, layout: Layout, night: int, items: list[Item]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / layout.file_name(night)
        arrives_broken = self._dirt is not None and self._dirt.breaks_next_file(layout.source)
        good = _sent_again(path, layout) if arrives_broken else path
        until = (night + 1) * DAY
        with _export_file(good, layout) as file:
            for item in items:
                if self._dirt:
                    self._dirt.write(file, night, item, item.row(until))
                else:
                    file.write(item.row(until))
        self._count(good, file.rows)
        if self._dirt and arrives_broken:
            self._dirt.break_file(layout, night, broken=path, sent_again=good)
            self._count(path, 0)

    def _count(self, path: Path, rows: int) -> None:
        self.files += 1
        self.rows += rows
        self.bytes += path.stat().st_size


def _export_file(path: Path, layout: Layout) -> ExportFile:
    if layout.ending == ".xlsx":
        return WorkbookFile(path, layout)
    return HtmlFile(path, layout) if layout.is_sheet else TextFile(path, layout)


def _sent_again(path: Path, layout: Layout) -> Path:
    return path.with_name(path.name.removesuffix(layout.ending) + SENT_AGAIN + layout.ending)
