"""Decisions of the province that announce new, changed and repealed procedures."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from chiso766.sample.catalogue import RARE, Procedure
from chiso766.sample.outbox import Outbox, Row
from chiso766.sample.streams import stream
from chiso766.sample.units import PROVINCE
from chiso766.sample.working_hours import (
    DAY,
    WORKING_DAY,
    WorkingHours,
    day_text,
    is_working_day,
    moment_text,
)

DECISIONS_A_DAY = 0.14
ROWS = (4, 12)  # of a decision
ANNOUNCED_IN_TIME = 0.75  # of decisions
PUBLISHED_IN_TIME = 0.8
ROW_IN_TIME = 0.92  # of the rows of a decision in time
NEVER_PUBLISHED = 0.03
WORKING_DAYS_ALLOWED = 5
STATE_AFTER = {"moi": "cong_khai", "sua_doi": "cong_khai_sua_doi", "bai_bo": "bai_bo"}


@dataclass(eq=False, slots=True)
class Announcement:
    """One procedure in one decision; days are ordinals, ``published`` a moment."""

    decision: str
    decided: int
    kind: str
    procedure: Procedure
    in_force: int
    published: int | None

    def row(self, until: int) -> Row:
        is_published = self.published is not None and self.published < until
        return {
            "SoQuyetDinh": self.decision,
            "NgayQuyetDinh": day_text(self.decided),
            "MaDonVi": PROVINCE,
            "LoaiCongBo": self.kind,
            "MaTTHC": self.procedure.code,
            "NgayHieuLuc": day_text(self.in_force),
            "NgayCongKhai": moment_text(self.published) if self.published and is_published else "",
        }


def announce(
    procedures: list[Procedure],
    first_day: int,
    last_day: int,
    hours: WorkingHours,
    seed: int,
    outbox: Outbox,
) -> list[Announcement]:
    """All announcements of the span; a published one changes its procedure's state, and both are
    exported that night."""
    random = stream(seed, "announcements")
    waiting = [procedure for procedure in procedures if not procedure.weight]
    new = [procedure for procedure in waiting if procedure.states[0][1] == "chua_cong_khai"]
    public = [procedure for procedure in procedures if procedure.weight]
    announcements: list[Announcement] = []
    number = 1000
    for day in range(first_day, last_day + 1):
        if not is_working_day(day) or random.random() >= DECISIONS_A_DAY:
            continue
        number += random.randint(3, 60)
        kinds = dict.fromkeys(random.sample(public, random.randint(*ROWS)), "sua_doi")
        if new and random.random() < 0.5:
            kinds[new.pop()] = "moi"
        if random.random() < 0.2:
            kinds[_repealable(public, random)] = "bai_bo"
        announcements += _decision(f"{number}/QĐ-UBND", day, kinds, hours, random)
    for announcement in announcements:
        _export(announcement, outbox)
    return announcements


def _repealable(public: list[Procedure], random: Random) -> Procedure:
    """A rare procedure, which no dossier will use any more."""
    procedure = random.choice([one for one in public if one.weight < RARE])
    procedure.weight = 0.0
    public.remove(procedure)
    return procedure


def _decision(
    decision: str, day: int, kinds: dict[Procedure, str], hours: WorkingHours, random: Random
) -> list[Announcement]:
    """The rows of a decision, which share when they come into force and are published."""
    delay = 7 + random.randint(1, 40) if random.random() < ANNOUNCED_IN_TIME else 0
    in_force = day + delay
    days_to_publish = random.randint(1, 4)
    if random.random() >= PUBLISHED_IN_TIME:
        days_to_publish = WORKING_DAYS_ALLOWED + random.randint(1, 8)
    return [
        Announcement(
            decision=decision,
            decided=day,
            kind=kind,
            procedure=procedure,
            in_force=in_force + random.choice((0, 0, 0, 2)),
            published=_published(day, days_to_publish, hours, random),
        )
        for procedure, kind in kinds.items()
    ]


def _published(day: int, days_to_publish: int, hours: WorkingHours, random: Random) -> int | None:
    chance = random.random()
    if chance < NEVER_PUBLISHED:
        return None
    days = days_to_publish + (0 if chance < ROW_IN_TIME else WORKING_DAYS_ALLOWED)
    return hours.after(hours.day_after(day, days) * DAY, random.randrange(WORKING_DAY))


def _export(announcement: Announcement, outbox: Outbox) -> None:
    outbox.add("announcements", announcement.decided, announcement)
    if announcement.published is not None:
        day = announcement.published // DAY
        state = STATE_AFTER[announcement.kind]
        announcement.procedure.states.append((day, state))
        announcement.procedure.states.sort(key=lambda change: change[0])
        outbox.add("announcements", day, announcement)
        outbox.add("procedures", day, announcement.procedure)
