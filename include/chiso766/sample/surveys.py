"""Forms on which people say how satisfied they are: an answer from 1 to 5 to each question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chiso766.sample.outbox import Row
from chiso766.sample.streams import Weighted, poisson, stream
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import DAY, OPENING, WORKING_DAY, day_text, moment_text

QUESTIONS = (
    "Mức độ hài lòng Tiếp cận dịch vụ",
    "Mức độ hài lòng Thủ tục hành chính",
    "Mức độ hài lòng Công chức giải quyết",
    "Mức độ hài lòng Kết quả nhận được",
    "Mức độ hài lòng Tiếp nhận góp ý",
)
ANSWERED_A_DAY = 0.6  # in a unit of size 1
NOT_ANSWERED = 0.03  # of the questions
_GROUPS = Weighted(("Người dân", "Doanh nghiệp", "Tổ chức"), (0.8, 0.15, 0.05))
_DISPLEASED = Weighted("12345", (0.15, 0.25, 0.35, 0.2, 0.05))
_PLEASED = Weighted("12345", (0.01, 0.02, 0.12, 0.45, 0.4))


@dataclass(eq=False, slots=True)
class Survey:
    """One form, answered once."""

    code: str
    unit: str
    answered: int
    group: str
    answers: dict[str, str]

    def row(self, until: int) -> Row:
        del until  # it is exported once, after it was answered
        return {
            "MaPhieu": self.code,
            "MaDonVi": self.unit,
            "NgayKhaoSat": moment_text(self.answered),
            "DoiTuong": self.group,
            **self.answers,
        }


class Surveys:
    """Makes the answered forms of one unit."""

    def __init__(self, unit: Unit, seed: int) -> None:
        self._unit = unit
        self._random = stream(seed, "surveys", unit.code)

    def answered_on(self, day: int) -> Iterator[Survey]:
        random = self._random
        for number in range(poisson(ANSWERED_A_DAY * self._unit.size, random)):
            is_displeased = random.random() < self._unit.habits.displeased
            mood = _DISPLEASED if is_displeased else _PLEASED
            yield Survey(
                code=f"PKS.{self._unit.code}.{day_text(day)}.{number + 1:02d}",
                unit=self._unit.code,
                answered=day * DAY + OPENING + random.randrange(WORKING_DAY),
                group=_GROUPS.pick(random),
                answers={
                    question: "" if random.random() < NOT_ANSWERED else mood.pick(random)
                    for question in QUESTIONS
                },
            )
