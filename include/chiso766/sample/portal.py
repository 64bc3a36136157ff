"""What the National Public Service Portal publishes of the province, as its own JSON answers.

Most units of a sample have no dossiers, but the Portal knows them all. So a unit's counts are what
its habits let expect, of as many dossiers as the home ward receives or fewer or more by its size.
They come some days late, so they are near to what chiso766 counts itself, and not equal.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, sin, tau

from chiso766 import settings
from chiso766.sample.announcements import Announcement
from chiso766.sample.outbox import Row
from chiso766.sample.streams import stream
from chiso766.sample.units import PROVINCE, Unit
from chiso766.sample.working_hours import DAY

DAY_OF_PULL = 0  # every Monday
LAST_DAY_OF_MONTH_BEFORE = 15  # until then the month before is pulled as well
LAG = 3  # days from a receipt until the published figures count it
PROFILE = "portal-2026"
LEVELS = {"xa": "commune", "so": "agency", "tinh": "province"}
METRICS_OF = {"transparency": "CKMB", "handling-satisfaction": "MDHL", "dossier-digitized": "MDSH"}
ONLINE_GROUP = "CLGQ"  # as service-results name it

# What habits do not tell, fitted to what chiso766 counts in a month, quarter and year of the demo.
CARRIED_OVER = 3  # days of receipts that are open when a period begins
UNFINISHED = 4  # days of receipts that have no result yet
WITH_RESULT = 0.93  # of the others
LATE_TOO = 1.3  # an overdue dossier that is carried over counts again
SENT_ONLINE = 0.96
WITH_FEE = 0.58
DOSSIERS_PER_THING = 4  # after so many for each, half of the procedures or services have had one
PROCEDURES, PROVIDED_ONLINE, FULLY_ONLINE = 276, 258, 171  # the Portal counts a few less
SERVICES, FEE_PROCEDURES, CITIZEN_PROCEDURES = 282, 60, 220
CONTENT_GIVEN, CONTENT_ASKED = 57, 61
PETITIONS_CARRIED_OVER = 0.5  # of a month's
DAYS_TO_PROCESS = 2.2
SKILL = (-0.17, 0.19)  # added to a unit's shares: habits alone put all communes within 15 points
WEEKS_OF_A_WAVE = 30
HEIGHT_OF_A_WAVE = 0.01

Counts = dict[str, tuple[int, int]]
"""Numerator and denominator by indicator, for all but 4.6."""


@dataclass(frozen=True)
class Answer:
    """The answer of an endpoint for a period; ``name`` is that of its file, without ending."""

    name: str
    data: Row | list[Row]


@dataclass(frozen=True)
class _Period:
    """``name`` as the contract writes it; ``start`` and ``end`` (exclusive) are ordinals."""

    name: str
    start: int
    end: int
    is_month: bool = False


@dataclass(frozen=True)
class _Indicator:
    """An indicator with its scoring rule for one level."""

    code: str
    group: str
    metric: str
    name: str
    scoring: str
    maximum: float
    target: float
    zero_rule: str

    def score(self, numerator: int, denominator: int) -> float | None:
        """Points, to a hundredth; None where the Portal shows none."""
        if self.scoring == "unscored":
            return None
        if self.scoring == "constant":
            return self.maximum
        if self.scoring == "not_applicable":
            return 0.0
        if not denominator:
            return {"absent": None, "zero": 0.0, "full": self.maximum}[self.zero_rule]
        points = self.maximum * numerator / (self.target * denominator)
        return min(self.maximum, floor(100 * points + 0.5) / 100)


class Portal:
    """Publishes what it has counted of all units; ``units`` holds the home ward's as well.

    ``receipts``: how many dossiers the home ward receives by day.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        home: Unit,
        receipts: Mapping[int, int],
        announcements: Sequence[Announcement],
        last_night: int,
        seed: int,
    ) -> None:
        self._province, *self._below = sorted(units, key=lambda unit: unit.code != PROVINCE)
        self._home = home
        self._receipts = receipts
        self._announcements = announcements
        self._last = last_night
        self._work = {unit.code: _Work(unit, home, seed) for unit in self._below}
        self._indicators = {
            level: _indicators(name, date.fromordinal(last_night)) for level, name in LEVELS.items()
        }
        self._totals: dict[tuple[str, str], float] = {}  # as last published, of unit and period

    def answers(self, night: int) -> Iterator[Answer]:
        """What is pulled that night: nothing on most of them."""
        on = date.fromordinal(night)
        if on.weekday() != DAY_OF_PULL and night != self._last:
            return
        for period in _periods(on):
            until = night - LAG + 1
            if not self._received(period.start, min(period.end, until)):
                continue  # the Portal has not counted a day of it yet
            counts = self._counts(period, until)
            rows = [
                self._result(unit, counts[unit.code], period)
                for unit in (self._province, *self._below)
            ]
            yield Answer(f"service-results_{period.name}", rows)
            if period.is_month:
                yield from self._answers_of_home(counts[self._home.code], period)

    def _received(self, start: int, end: int) -> int:
        return sum(self._receipts.get(day, 0) for day in range(start, end))

    def _counts(self, period: _Period, until: int) -> dict[str, Counts]:
        """Of every unit, and the province, what was counted before the day ``until``."""
        start = max(period.start, min(self._receipts))
        end = min(period.end, until)
        received = self._received(start, end)
        handled = received + self._received(start - CARRIED_OVER, start)
        recent = self._received(max(start, until - UNFINISHED), end)
        disclosed = self._disclosed(start, end)
        counts = {
            unit.code: disclosed
            | self._work[unit.code].counts(received, handled, recent, range(start, end))
            for unit in self._below
        }
        of_units = list(counts.values())
        sums = {
            code: (sum(one[code][0] for one in of_units), sum(one[code][1] for one in of_units))
            for code in of_units[0]
        }
        return counts | {PROVINCE: sums | disclosed}

    def _disclosed(self, start: int, end: int) -> Counts:
        """The province's 1.1 to 1.3, roughly: a week for five working days, rows for procedures."""
        announced = [one for one in self._announcements if start <= one.decided < end]
        in_time = [one for one in announced if one.in_force - one.decided >= 7]
        public = [
            one for one in announced if one.published and one.published // DAY - one.decided <= 7
        ]
        return {
            "1.1": (len(in_time), len(announced)),
            "1.2": (len(public), len(announced)),
            "1.3": (CONTENT_GIVEN, CONTENT_ASKED),
        }

    def _scores(self, unit: Unit, counts: Counts) -> dict[str, float]:
        """The points of the groups."""
        groups: dict[str, float] = {}
        for indicator in self._indicators[unit.level]:
            score = indicator.score(*counts.get(indicator.code, (0, 0))) or 0.0
            groups[indicator.group] = round(groups.get(indicator.group, 0.0) + score, 2)
        return groups

    def _result(self, unit: Unit, counts: Counts, period: _Period) -> Row:
        groups = self._scores(unit, counts)
        total = round(sum(groups.values()), 2)
        before = self._totals.get((unit.code, period.name))
        self._totals[unit.code, period.name] = total
        level = LEVELS[unit.level].upper()
        groups[ONLINE_GROUP] = groups.pop("ONLINE")
        return {
            **_named(unit),
            "totalScore": total,
            "ratio": total,  # percent of 100 points
            "scoreDelta": None if before is None else round(total - before, 2),
            "childGroup": level,
            "level": level,
            "groupScores": groups if unit is self._province else None,
        }

    def _answers_of_home(self, counts: Counts, period: _Period) -> Iterator[Answer]:
        """Asked for the home ward as root, which has no units below it."""
        scores = self._scores(self._home, counts)
        for endpoint, group in METRICS_OF.items():
            indicators = [one for one in self._indicators[self._home.level] if one.group == group]
            overview = {
                **_named(self._home),
                "totalScore": scores[group],
                "totalMaxScore": sum(one.maximum for one in indicators),
                "metrics": [
                    _metric(one, *counts.get(one.code, (None, None))) for one in indicators
                ],
            }
            yield Answer(f"{endpoint}_{period.name}", {"overview": overview, "evaluation": []})
        for endpoint, (group, published) in _TREES.items():
            parent = {
                **_named(self._home),
                "level": LEVELS[self._home.level].upper(),
                "totalScore": scores[group],
                **published(counts),
            }
            yield Answer(f"{endpoint}_{period.name}", {"parent": parent, "children": []})


class _Work:
    """How well a unit works, as the Portal sees it."""

    def __init__(self, unit: Unit, home: Unit, seed: int) -> None:
        random = stream(seed, "portal", unit.code)
        self._habits = unit.habits
        self._size = unit.size / home.size
        self._skill = 0.0 if unit is home else random.uniform(*SKILL)
        self._wave = random.random()
        self._petitions_in_time = random.uniform(0.55, 1.0)
        self._petitions_pleased = self._petitions_in_time * random.uniform(0.7, 1.0)
        if unit is home:
            self._petitions_in_time, self._petitions_pleased = 0.84, 0.75

    def counts(self, received: int, handled: int, recent: int, days: range) -> Counts:
        """All but 1.1 to 1.3 and 4.6, of a unit of its size, from the home ward's dossiers:
        ``received`` on these days, ``handled`` with those of before, ``recent`` the newest."""
        habits = self._habits
        received, handled, recent = (round(self._size * n) for n in (received, handled, recent))
        wave = sin(tau * (self._wave + days.stop / (7 * WEEKS_OF_A_WAVE)))

        def of(number: int, share: float) -> tuple[int, int]:
            seen = share + self._skill + HEIGHT_OF_A_WAVE * wave
            return round(number * min(max(seen, 0.0), 1.0)), number

        in_time = 1 - habits.late * LATE_TOO
        results = habits.result * WITH_RESULT * (1 - recent / max(handled, 1))
        scanned = habits.online + (1 - habits.online) * habits.scanned
        known = 1 - (1 - habits.vneid) * (1 - habits.population)
        online = of(received, habits.online * SENT_ONLINE)
        paid = of(round(received * WITH_FEE), habits.paid_online * 0.96)
        citizens = of(handled, known * 0.92)
        petitions = round(habits.petitions * (len(days) / 30 + PETITIONS_CARRIED_OVER))
        return {
            "1.4": of(received, habits.synchronised * 0.99),
            "2.1": of(handled, in_time),
            "3.1": (PROVIDED_ONLINE, PROCEDURES),
            "3.2": _used(SERVICES, online[0]),
            "3.3": online,
            "3.5a": _used(FEE_PROCEDURES, paid[1]),
            "3.5b": _used(FEE_PROCEDURES, paid[0]),
            "3.6": paid,
            "4.1": of(handled, results),
            "4.2": of(handled, results * scanned),
            "4.3": of(handled, 1 - (1 - habits.reused) * 0.77),
            "4.4": of(handled, habits.store * 0.92),
            "4.5a": _used(CITIZEN_PROCEDURES, citizens[0]),
            "4.5b": citizens,
            "5.1a": (round(petitions * 0.35), petitions),
            "5.1b": (round(petitions * 0.3), petitions),
            "5.2": (round(petitions * self._petitions_in_time), petitions),
            "5.3": (round(petitions * self._petitions_pleased), petitions),
            "5.4": of(handled, in_time * (1 - habits.displeased * 0.2)),
        }


def _named(unit: Unit) -> Row:
    return {"departmentCode": unit.code, "departmentName": unit.name}


def _used(things: int, dossiers: int) -> tuple[int, int]:
    """How many of the procedures or services have had one of so many dossiers."""
    return round(things * dossiers / (dossiers + DOSSIERS_PER_THING * things)), things


def _metric(indicator: _Indicator, numerator: int | None, denominator: int | None) -> Row:
    """Ratios are percent; 4.6 has no counts."""
    ratio = 100.0 if indicator.scoring == "constant" else None
    if numerator is not None and denominator:
        ratio = round(100 * numerator / denominator, 2)
    return {
        "code": indicator.metric,
        "name": indicator.name,
        "numerator": numerator,
        "denominator": denominator,
        "ratio": ratio,
        "score": indicator.score(numerator or 0, denominator or 0),
        "maxScore": indicator.maximum,
    }


def _progress(counts: Counts) -> Row:
    in_time, handled = counts["2.1"]
    return {
        "totalOnTime": in_time,
        "totalReceived": handled,
        "avgProcessingDays": DAYS_TO_PROCESS,
    }


def _online(counts: Counts) -> Row:
    provided, asked = counts["3.1"]
    used, services = counts["3.2"]
    online, received = counts["3.3"]
    return {
        "partialCount": provided - FULLY_ONLINE,
        "fullCount": FULLY_ONLINE,
        "authorityCount": asked,
        "onlineDossierCount": used,
        "onlineServiceTotal": services,
        "channelOnlineSum": online,
        "channelTotalSum": received,
    }


def _payment(counts: Counts) -> Row:
    paid, with_fee = counts["3.6"]
    return {
        "totalFeeDossierFormality": counts["3.5a"][0],
        "totalFeeFormality": counts["3.5a"][1],
        "totalDossierOnlineFormalityPaymentSuccess": counts["3.5b"][0],
        "totalDossierOnlinePaymentSuccess": paid,
        "totalDossierFinancialObligation": with_fee,
    }


_TREES: dict[str, tuple[str, Callable[[Counts], Row]]] = {
    "dvc-progress-tree": ("TDGQ", _progress),
    "provide-online-tree": ("ONLINE", _online),
    "formality-online-payment-tree": ("TTTT", _payment),
}


def _periods(on: date) -> Iterator[_Period]:
    """Those that hold the day, and for half a month the month before."""
    months = on.year * 12 + on.month - 1
    if on.day <= LAST_DAY_OF_MONTH_BEFORE:
        yield _months(f"{_first_day(months - 1):%Y-%m}", months - 1, 1)
    yield _months(f"{on:%Y-%m}", months, 1)
    quarter = months // 3
    yield _months(f"{on.year}-Q{quarter % 4 + 1}", quarter * 3, 3)
    yield _months(f"{on.year}", on.year * 12, 12)


def _months(name: str, first: int, number: int) -> _Period:
    start, end = _first_day(first).toordinal(), _first_day(first + number).toordinal()
    return _Period(name, start, end, is_month=number == 1)


def _first_day(months: int) -> date:
    """Of the month that is so many after January of the year 0."""
    return date(months // 12, months % 12 + 1, 1)


def _indicators(level: str, day: date) -> list[_Indicator]:
    """All of a level with the rules in force on the day, in their order."""
    of_code = {row["indicator_code"]: row for row in _law("indicators.csv")}
    return [
        _Indicator(
            code=rule["indicator_code"],
            group=of_code[rule["indicator_code"]]["group_code"],
            metric=of_code[rule["indicator_code"]]["portal_code"],
            name=of_code[rule["indicator_code"]]["indicator_name"],
            scoring=rule["scoring"],
            maximum=float(rule["max_score"]),
            target=float(rule["target_ratio"] or 1),
            zero_rule=rule["zero_denominator"],
        )
        for rule in _law("scoring_rules.csv")
        if (rule["profile"], rule["unit_level"]) == (PROFILE, level)
        and rule["valid_from"] <= day.isoformat() <= rule["valid_to"]
    ]


def _law(name: str) -> list[dict[str, str]]:
    path = settings.PROJECT_ROOT / "dbt" / "seeds" / "law" / name
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
