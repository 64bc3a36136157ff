"""What applicants say of the handling of their dossier, some days after the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from chiso766.sample.dossier import Life
from chiso766.sample.outbox import Row
from chiso766.sample.working_hours import DAY, moment_text

RATED = 0.2  # of the dossiers whose result was handed out
RATED_AGAIN = 0.04  # of those: a change of mind
DISPLEASED_WHEN_LATE = 0.35
_COMMENTS = {
    "rat_hai_long": ("", "", "Cán bộ nhiệt tình, trả kết quả nhanh."),
    "hai_long": ("", "", "Thủ tục rõ ràng."),
    "khong_hai_long": ("Phải đi lại nhiều lần.", "Trả kết quả chậm so với giấy hẹn.", ""),
}


@dataclass(eq=False, slots=True)
class Rating:
    """One rating of a dossier; it never changes."""

    dossier: str
    given: int
    level: str
    comment: str

    def row(self, until: int) -> Row:
        del until  # it is exported once, after it was given
        return {
            "MaHoSo": self.dossier,
            "NgayDanhGia": moment_text(self.given),
            "MucDo": self.level,
            "NoiDung": self.comment,
        }


def ratings_of(life: Life, random: Random) -> Iterator[Rating]:
    """The applicant's ratings, mostly none."""
    if life.returned is None or random.random() >= RATED:
        return
    given = life.returned + int(random.random() ** 2 * 10 * DAY) + random.randrange(60, 7_200)
    yield _rating(life, given, random)
    if random.random() < RATED_AGAIN:
        yield _rating(life, given + random.randrange(DAY, 6 * DAY), random)


def _rating(life: Life, given: int, random: Random) -> Rating:
    displeased = DISPLEASED_WHEN_LATE if life.is_late else life.unit.habits.displeased
    chance = random.random()
    if chance < displeased:
        level = "khong_hai_long"
    else:
        level = "hai_long" if random.random() < 0.35 else "rat_hai_long"
    return Rating(life.code, given, level, random.choice(_COMMENTS[level]))
