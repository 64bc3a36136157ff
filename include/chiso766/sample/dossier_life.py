"""How a dossier lives: submitted, received, worked on, sent back, finished, handed out.

A life is simulated whole; the dossier itself tells what of it is known at a given midnight. What
people do at the desk falls in office hours; what citizens do online does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from random import Random

from chiso766.sample.catalogue import Procedure, handled_by
from chiso766.sample.dossier import (
    AT_DESK,
    BY_POST,
    DONE,
    NOT_ACCEPTED,
    ONLINE,
    STOPPED,
    WITHDRAWN,
    Life,
    Supplement,
)
from chiso766.sample.people import PEOPLE
from chiso766.sample.streams import Weighted, below, stream, within
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import (
    CLOSING,
    DAY,
    HOUR,
    OPENING,
    WORKING_DAY,
    WorkingHours,
    day_text,
)

SLOT = 1_800  # the working day in half hours, from 7:30: how many come when
ARRIVALS_BY_SLOT = (6, 10, 12, 12, 11, 9, 7, 4, 5, 9, 10, 9, 7, 5, 2)
SUBMISSIONS_BY_HOUR = (1, 0, 0, 0, 0, 1, 3, 6, 6, 6, 6, 5, 6, 5, 5, 5, 5, 6, 5, 7, 9, 9, 7, 3)
LONGEST_LEAD = 20  # days between submission and receipt

SAME_DAY_UNTIL = 15 * HOUR  # certified copies handed in before 15:00 are due the same day
NO_DUE_TIME = 0.02
OUTSIDE_BOUNDARY = 0.09
NEVER_RECEIVED = 0.02
SERVICE_CODE_GIVEN = 0.95
OFFICIALS = 4  # of a department in a unit
DAYS_OF_MONTH = 30
NO_RESULT = 0.024  # refused, withdrawn or stopped after receipt
NO_DONE_TIME = 0.004  # finished, and only the hand-out was written down


class DossierLives:
    """Makes the dossiers of one unit; every aspect has its own stream of random numbers."""

    def __init__(
        self,
        unit: Unit,
        procedures: list[Procedure],
        neighbours: list[str],
        hours: WorkingHours,
        seed: int,
    ) -> None:
        def of(aspect: str) -> Random:
            return stream(seed, "dossiers", unit.code, aspect)

        self._unit = unit
        self._neighbours = neighbours
        self._hours = hours
        self._numbers: dict[int, int] = {}  # dossiers by day of submission
        self._what, self._when, self._who = of("what"), of("when"), of("who")
        self._work, self._back, self._papers = of("work"), of("sent back"), of("papers")
        self._money, self._end = of("money"), of("end")
        taste = of("taste")
        own = handled_by(unit, procedures)
        self._procedures = Weighted(
            own, [procedure.weight * taste.lognormvariate(0, 0.35) for procedure in own]
        )
        self._slots = Weighted(range(len(ARRIVALS_BY_SLOT)), ARRIVALS_BY_SLOT)
        self._bad_endings = Weighted((NOT_ACCEPTED, WITHDRAWN, STOPPED), (5, 4, 3))
        self._hours_of_day = Weighted(range(24), SUBMISSIONS_BY_HOUR)

    def received_on(self, day: int, number: int) -> Iterator[Life]:
        """That many dossiers received on a working day, and a few that never are."""
        for _ in range(number):
            yield self._live(day)
            if self._what.random() < NEVER_RECEIVED * self._unit.habits.online:
                yield self._live_without_receipt(day)

    def _live(self, day: int) -> Life:
        life = self._handed_in(day)
        self._promise(life)
        self._people(life)
        self._pay(life)
        self._scan(life)
        self._process(life)
        self._issue_result(life)
        self._synchronise(life)
        return life

    def _live_without_receipt(self, day: int) -> Life:
        """Submitted online; refused, or still waiting to be looked at."""
        life = self._handed_in(day)
        looked_at, life.received = life.received, None
        life.channel = ONLINE
        if self._end.random() < 0.8:
            life.ending, life.ended = NOT_ACCEPTED, looked_at
        self._people(life)
        self._scan(life)
        self._synchronise(life)
        return life

    def _handed_in(self, day: int) -> Life:
        what = self._what
        procedure = self._procedures.pick(what)
        channel = self._channel(procedure)
        opened = self._hours.position(day * DAY)
        received = self._hours.moment(
            opened + self._slots.pick(self._when) * SLOT + below(SLOT, self._when)
        )
        submitted = self._submitted(channel, received)
        service_given = channel == ONLINE and what.random() < SERVICE_CODE_GIVEN
        return Life(
            code=self._code(submitted // DAY),
            unit=self._unit,
            procedure=procedure,
            channel=channel,
            service_code=procedure.service_code if service_given else "",
            applicant=below(PEOPLE, self._who),
            official=below(OFFICIALS, self._who) + 1,
            commune=self._commune(procedure),
            submitted=submitted,
            received=received,
        )

    def _channel(self, procedure: Procedure) -> str:
        chance = self._what.random()
        if procedure.service_code and chance < self._unit.habits.online:
            return ONLINE
        return BY_POST if chance > 0.985 else AT_DESK

    def _submitted(self, channel: str, received: int) -> int:
        when = self._when
        if channel != ONLINE:
            queued = 60 * below(12, when)
            opened = received // DAY * DAY + OPENING
            return max(self._hours.moment(self._hours.position(received) - queued), opened)
        if when.random() < 0.4:
            return self._submitted_while_closed(received)
        lead = int(when.expovariate(1 / (2 * HOUR)))
        submitted = self._hours.moment(max(self._hours.position(received) - lead, 0))
        return max(submitted, received - LONGEST_LEAD * DAY)

    def _submitted_while_closed(self, received: int) -> int:
        """Some time between the last closing of the offices and this day's opening."""
        today = received // DAY
        closed = self._hours.day_before(today) * DAY + CLOSING
        opened = today * DAY + OPENING
        for _ in range(8):
            day = self._when.randint(closed // DAY, today)
            moment = day * DAY + self._hours_of_day.pick(self._when) * HOUR
            moment += below(HOUR, self._when)
            if closed < moment < opened:
                return max(moment, received - LONGEST_LEAD * DAY)
        return closed + below(3 * HOUR, self._when)

    def _code(self, day: int) -> str:
        number = self._numbers[day] = self._numbers.get(day, 0) + 1
        return f"{self._unit.code}-{day_text(day)[2:]}-{number:04d}"

    def _commune(self, procedure: Procedure) -> str:
        is_outside = procedure.boundary_free and self._who.random() < OUTSIDE_BOUNDARY
        if is_outside or not self._unit.gso_code:
            return self._neighbours[below(len(self._neighbours), self._who)]
        return self._unit.gso_code

    def _promise(self, life: Life) -> None:
        """The due time: the procedure's limit from the receipt, at closing time."""
        procedure, received, hours = life.procedure, life.received, self._hours
        if received is None or not procedure.limit_unit or self._work.random() < NO_DUE_TIME:
            return
        day = received // DAY
        if procedure.limit_unit == "gio":
            life.due = hours.after(received, procedure.limit * HOUR)
            return
        if procedure.limit_unit == "ngay_lam_viec":
            is_same_day = procedure.field.code == "CT" and received % DAY < SAME_DAY_UNTIL
            day = hours.day_after(day, ceil(procedure.limit) - is_same_day)
        else:
            days = DAYS_OF_MONTH if procedure.limit_unit == "thang" else 1
            day = hours.day_after(day + ceil(procedure.limit) * days, 0)
        life.due = day * DAY + CLOSING

    def _people(self, life: Life) -> None:
        who, habits = self._who, self._unit.habits
        verified = habits.vneid if life.channel == ONLINE else habits.vneid / 3
        life.is_verified = who.random() < verified
        life.uses_population_data = who.random() < habits.population

    def _pay(self, life: Life) -> None:
        received = life.received
        if received is None or not life.procedure.price:
            return
        money = self._money
        life.is_exempt = money.random() < 0.06
        if life.is_exempt:
            return
        share = self._unit.habits.paid_online * (1.0 if life.channel == ONLINE else 0.85)
        life.paid_at = received
        if money.random() < share:
            life.payment = ("1", "1", "1", "2", "2", "3")[below(6, money)]
        if money.random() < 0.05:
            life.fee_asked = self._hours.after(received, HOUR)
            life.paid_at = life.fee_asked + within(2 * HOUR, 3 * DAY, money)

    def _scan(self, life: Life) -> None:
        papers, habits = self._papers, self._unit.habits
        arrived = life.received or life.submitted
        if life.channel == ONLINE:
            life.scanned_at = life.submitted
        elif papers.random() < habits.scanned:
            longest = HOUR if papers.random() < 0.9 else 2 * WORKING_DAY
            life.scanned_at = self._hours.after(arrived, within(60, longest, papers))
        if life.scanned_at is not None and papers.random() < habits.reused:
            life.reuse = "1" if papers.random() < 0.7 else "2"
            life.from_store = papers.random() < habits.store / 2

    def _process(self, life: Life) -> None:
        """Work, with the waits for the applicant in between, up to one of the ends."""
        received = life.received
        if received is None:
            return
        ready = max(received, life.paid_at or received)
        work = self._work_needed(life)
        life.started = self._hours.after(ready, min(work / 4, within(300, 3 * HOUR, self._work)))
        finished = self._hours.after(received, work)
        finished, is_answered = self._send_back(life, finished)
        if not is_answered:
            self._give_up(life)
            return
        self._finish(life, max(finished, self._hours.after(life.started, 300)))

    def _work_needed(self, life: Life) -> float:
        """Working seconds from receipt to the result, as if nothing were missing."""
        work, habits = self._work, self._unit.habits
        received = life.received or life.submitted
        allowed = WORKING_DAY * 3 if life.due is None else self._allowed(received, life.due)
        chance = work.random()
        late = min(habits.late * life.procedure.field.hardness, 0.5)
        if chance >= late:
            return float(allowed * min(0.08 + 0.9 * work.random() ** 1.3, 0.97))
        if chance < late * 0.08:
            return allowed + WORKING_DAY * work.uniform(40, 120)  # forgotten
        usual_delay = WORKING_DAY * min(2.5, 0.6 + allowed / (8 * WORKING_DAY))
        return allowed + 600 + work.expovariate(1 / usual_delay)

    def _allowed(self, received: int, due: int) -> int:
        return max(self._hours.position(due) - self._hours.position(received), 1_200)

    def _send_back(self, life: Life, finished: int) -> tuple[int, bool]:
        """Ask for missing papers, at most twice; the work goes on when they have arrived."""
        back, hours = self._back, self._hours
        chance = back.random()
        share = self._unit.habits.supplement * min(life.procedure.field.hardness, 2.0)
        times = 0 if chance >= share else 1 if chance >= share * 0.18 else 2
        begin = life.started or finished
        for _ in range(times):
            left = hours.position(finished) - hours.position(begin)
            if left < HOUR:
                break
            asked = hours.after(begin, left * back.uniform(0.05, 0.6))
            if back.random() < 0.12:
                life.supplements += (Supplement(asked, None),)
                return finished, False
            arrived = self._answered(life, asked)
            new_due = self._new_due(life.due, arrived - asked)
            life.supplements += (Supplement(asked, arrived, new_due),)
            finished = hours.after(arrived, hours.position(finished) - hours.position(asked))
            begin = arrived
        return finished, True

    def _new_due(self, due: int | None, waited: int) -> int | None:
        """The promise moved by the time waited, to the closing of a working day."""
        if due is None:
            return None
        return self._hours.day_after((due + waited) // DAY, 0) * DAY + CLOSING

    def _answered(self, life: Life, asked: int) -> int:
        back = self._back
        waited = int(min(2 * HOUR + back.expovariate(1 / (3 * DAY)), 25 * DAY))
        if life.channel == ONLINE:
            return asked + waited
        opened = self._hours.position((asked + waited) // DAY * DAY)
        return max(
            self._hours.moment(opened + self._slots.pick(back) * SLOT + below(SLOT, back)),
            self._hours.after(asked, HOUR),
        )

    def _give_up(self, life: Life) -> None:
        """The papers never came: half of these dossiers are stopped in the end."""
        if self._end.random() < 0.5:
            asked = life.supplements[-1].asked
            waited = within(30 * DAY, 45 * DAY, self._end)
            life.ending = STOPPED
            life.ended = self._hours.after(asked + waited, below(3 * HOUR, self._end))

    def _finish(self, life: Life, finished: int) -> None:
        end = self._end
        chance = end.random()
        life.ending = DONE
        life.ended = finished
        life.end_time_given = end.random() >= NO_DONE_TIME
        if chance < NO_RESULT:
            life.ending = self._bad_endings.pick(end)
            return
        life.result_by_post = end.random() < 0.06
        if life.result_by_post:
            life.returned = self._hours.after(finished, end.uniform(0.8, 3) * WORKING_DAY)
        elif life.channel == ONLINE and end.random() < 0.6:
            life.returned = self._hours.after(finished, within(20, 1_200, end))
        elif end.random() < 0.95:
            life.returned = self._hours.after(finished, 600 + end.expovariate(1 / (4 * HOUR)))
        life.end_time_given |= life.returned is None

    def _issue_result(self, life: Life) -> None:
        """The electronic result: with the paper one, some days later, or never."""
        if life.ending != DONE or life.ended is None or not life.procedure.has_paper_result:
            return
        papers, habits = self._papers, self._unit.habits
        if papers.random() >= habits.result:
            return
        late = 0 if papers.random() < 0.94 else papers.uniform(0.3, 5) * WORKING_DAY
        life.result_at = self._hours.after(life.ended, late) if late else life.ended
        life.result_link = papers.random() >= 0.015
        if papers.random() < habits.store:
            life.store_at = life.result_at + within(60, 2 * HOUR, papers)

    def _synchronise(self, life: Life) -> None:
        chance = self._papers.random()
        if chance < self._unit.habits.synchronised:
            is_prompt = self._papers.random() < 0.97
            life.synchronised_at = life.submitted + (
                0 if is_prompt else within(DAY, 4 * DAY, self._papers)
            )
