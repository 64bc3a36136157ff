"""Outgoing documents of a unit: numbered by kind and year, signed, sent the same day or later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chiso766.sample import people
from chiso766.sample.outbox import Row
from chiso766.sample.streams import poisson, stream
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import DAY, HOUR, OPENING, day_text, is_working_day

ISSUED_A_DAY = 3.0  # by a unit of size 1
SIGNED_BY_A_PERSON = 0.93
SIGNED_BY_THE_UNIT = 0.97
NEVER_SENT = 0.04  # electronically
SENT_LATER = 0.15
# What follows the number, with the office, and what the document is about.
_KINDS = {
    "{}": ("Trả lời kiến nghị của {}", "Phối hợp xác minh thông tin của {}"),
    "QĐ-{}": ("Giải quyết trợ cấp đối với {}", "Công nhận hoàn cảnh gia đình của {}"),
    "TB-{}": ("Thông báo tiếp nhận đơn của {}", "Thông báo kết quả giải quyết đơn của {}"),
    "BC-{}": ("Báo cáo kết quả cải cách hành chính", "Báo cáo giải quyết thủ tục hành chính"),
    "KH-{}": ("Kế hoạch kiểm tra cải cách hành chính", "Kế hoạch chuyển đổi số"),
    "GM-{}": ("Họp giao ban tuần", "Làm việc với {}"),
}


@dataclass(eq=False, slots=True)
class Document:
    """One document; ``issued`` is the ordinal of its day, ``sent`` that of the day it was sent."""

    code: str
    unit: str
    subject: str
    issued: int
    sent: int | None
    is_signed_by_person: bool
    is_signed_by_unit: bool

    def row(self, until: int) -> Row:
        is_sent = self.sent is not None and self.sent * DAY < until
        return {
            "SoKyHieu": self.code,
            "NgayBanHanh": day_text(self.issued),
            "MaDonVi": self.unit,
            "GuiDienTu": str(int(is_sent)),
            "KySoCaNhan": str(int(self.is_signed_by_person)),
            "KySoCoQuan": str(int(self.is_signed_by_unit)),
            "TrichYeu": self.subject,
        }

    def moments(self) -> Iterator[int]:
        """When it is exported."""
        yield self.issued * DAY + OPENING
        if self.sent is not None:
            yield self.sent * DAY + OPENING + HOUR


class Documents:
    """Makes the outgoing documents of one unit."""

    def __init__(self, unit: Unit, seed: int) -> None:
        self._unit = unit
        self._random = stream(seed, "documents", unit.code)
        self._office = "UBND" if unit.level == "xa" else _initials(unit.name)
        self._numbers: dict[tuple[int, str], int] = {}  # the last one of a year and kind

    def issued_on(self, day: int) -> Iterator[Document]:
        """The documents of a day; days are asked for in their order."""
        if not is_working_day(day):
            return
        for _ in range(poisson(ISSUED_A_DAY * self._unit.size, self._random)):
            yield self._document(day)

    def _document(self, day: int) -> Document:
        random = self._random
        kind = random.choice(list(_KINDS))
        on = date.fromordinal(day)
        before = self._numbers.get((on.year, kind), on.timetuple().tm_yday - 1)
        self._numbers[on.year, kind] = number = before + 1
        later = random.randint(1, 3) if random.random() < SENT_LATER else 0
        return Document(
            code=f"{number}/{kind.format(self._office)}",
            unit=self._unit.code,
            subject=random.choice(_KINDS[kind]).format(
                people.name(random.randrange(people.PEOPLE))
            ),
            issued=day,
            sent=None if random.random() < NEVER_SENT else day + later,
            is_signed_by_person=random.random() < SIGNED_BY_A_PERSON,
            is_signed_by_unit=random.random() < SIGNED_BY_THE_UNIT,
        )


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word != "và").upper()
