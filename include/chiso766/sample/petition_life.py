"""How a petition lives: sent, transferred, taken up, sent back, refused or answered, published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chiso766.sample import people
from chiso766.sample.outbox import Row
from chiso766.sample.streams import Weighted, poisson, stream
from chiso766.sample.units import PROVINCE, Unit
from chiso766.sample.working_hours import (
    DAY,
    HOUR,
    WORKING_DAY,
    WorkingHours,
    day_text,
    known_text,
    moment_text,
)

DAYS_OF_MONTH = 30
REPEATED_WITHIN = 40  # days
ABOUT_A_DOSSIER = 0.35
SENT_TO_PROVINCE_FIRST = 0.3
REPEATS = 0.06
NOT_YET_ANSWERED = 0.06
_TOPICS = {
    "quy_dinh": ("Thành phần hồ sơ chưa rõ", "Quy định về thời hạn giải quyết", "Mẫu đơn khó điền"),
    "hanh_vi": ("Hướng dẫn chưa đầy đủ", "Chậm trả kết quả so với giấy hẹn", "Thái độ phục vụ"),
    "khac": ("Vệ sinh môi trường", "Chiếu sáng công cộng", "Trật tự đô thị"),
}


@dataclass(eq=False, slots=True)
class Petition:
    """Everything that ever happens to a petition; times are moments, None is never."""

    code: str
    unit: Unit
    kind: str
    topic: str
    sender: int
    sent: int
    transferred: int | None = None
    taken_up: int | None = None
    supplement_asked: int | None = None
    refused: int | None = None
    answered: int | None = None
    published: int | None = None
    liked_at: int | None = None
    likes: int = 0
    dislikes: int = 0
    repeats: str = ""
    dossier: str = ""

    def row(self, until: int) -> Row:
        is_here = self.transferred is None or self.transferred < until
        is_liked = self.liked_at is not None and self.liked_at < until
        return {
            "MaPAKN": self.code,
            "MaDonVi": self.unit.code if is_here else PROVINCE,
            "PhanLoai": self.kind,
            "LinhVuc": "Thủ tục hành chính" if self.kind != "khac" else "Hạ tầng đô thị",
            "NgayGui": moment_text(self.sent),
            "NgayChuyenDen": known_text(self.transferred, until),
            "NgayTiepNhan": known_text(self.taken_up, until),
            "NgayYeuCauBoSung": known_text(self.supplement_asked, until),
            "NgayTuChoi": known_text(self.refused, until),
            "NgayTraLoi": known_text(self.answered, until),
            "NgayCongKhai": known_text(self.published, until),
            "TrangThai": self._status(until),
            "LuotThich": self.likes if is_liked else 0,
            "LuotKhongThich": self.dislikes if is_liked else 0,
            "MaPAKNTruoc": self.repeats,
            "MaHoSo": self.dossier,
            "TieuDe": self.topic,
            "NoiDung": f"Tôi là {people.name(self.sender)}, đề nghị xem xét: {self.topic.lower()}.",
            "NguoiGui": people.name(self.sender),
            "SoDienThoai": people.phone(self.sender),
            "Email": people.email(self.sender),
        }

    def moments(self) -> Iterator[int]:
        """All times at which something about the petition changes."""
        for moment in (
            self.sent,
            self.transferred,
            self.taken_up,
            self.supplement_asked,
            self.refused,
            self.answered,
            self.published,
            self.liked_at,
        ):
            if moment is not None:
                yield moment

    def _status(self, until: int) -> str:
        """The newest thing that happened, in the words of the petition system."""
        happened = [
            (self.sent, "Mới gửi"),
            (self.transferred, "Đã chuyển"),
            (self.taken_up, "Đang xử lý"),
            (self.supplement_asked, "Yêu cầu bổ sung"),
            (self.refused, "Từ chối"),
            (self.answered, "Đã trả lời"),
            (self.published, "Đã công khai"),
        ]
        known = [(moment, name) for moment, name in happened if moment and moment < until]
        return max(known, key=lambda one: one[0])[1]


class PetitionLives:
    """Makes the petitions of one unit."""

    def __init__(self, unit: Unit, hours: WorkingHours, seed: int) -> None:
        self._unit = unit
        self._hours = hours
        self._random = stream(seed, "petitions", unit.code)
        self._recent: list[Petition] = []
        self._kinds = Weighted(("quy_dinh", "hanh_vi", "khac"), (0.45, 0.25, 0.3))

    def sent_on(self, day: int, known_dossiers: list[str]) -> Iterator[Petition]:
        """The petitions sent on a day; some are about one of the known dossiers."""
        expected = self._unit.habits.petitions / DAYS_OF_MONTH
        for number in range(poisson(expected, self._random)):
            petition = self._petition(day, number + 1, known_dossiers)
            self._handle(petition)
            self._recent.append(petition)
            yield petition

    def _petition(self, day: int, number: int, known_dossiers: list[str]) -> Petition:
        random = self._random
        kind = self._kinds.pick(random)
        petition = Petition(
            code=f"PAKN.{day_text(day)}.{self._unit.code}.{number:03d}",
            unit=self._unit,
            kind=kind,
            topic=random.choice(_TOPICS[kind]),
            sender=random.randrange(people.PEOPLE),
            sent=day * DAY + random.randrange(6 * HOUR, 23 * HOUR),
        )
        if kind != "khac" and known_dossiers and random.random() < ABOUT_A_DOSSIER:
            petition.dossier = random.choice(known_dossiers)
        self._recent = [one for one in self._recent if one.sent // DAY >= day - REPEATED_WITHIN]
        if self._recent and random.random() < REPEATS:
            petition.repeats = random.choice(self._recent).code
        return petition

    def _handle(self, petition: Petition) -> None:
        random, hours = self._random, self._hours
        start = petition.sent
        if random.random() < SENT_TO_PROVINCE_FIRST:
            start = hours.after(start, random.uniform(0.3, 4) * WORKING_DAY)
            petition.transferred = start
        chance = random.random()
        if chance < 0.08:
            petition.refused = hours.after(start, random.uniform(0.2, 3.0) * WORKING_DAY)
            return
        if chance < 0.16:
            petition.supplement_asked = hours.after(start, random.uniform(0.5, 5) * WORKING_DAY)
            if random.random() < 0.4:  # the sender never comes back
                return
            start = petition.supplement_asked + random.randrange(DAY, 6 * DAY)
        petition.taken_up = hours.after(start, random.uniform(0.1, 1.5) * WORKING_DAY)
        if random.random() >= NOT_YET_ANSWERED:
            self._answer(petition, petition.taken_up)

    def _answer(self, petition: Petition, taken_up: int) -> None:
        random, hours = self._random, self._hours
        is_late = random.random() < 0.12
        days = random.uniform(15, 25) if is_late else random.uniform(1, 12)
        petition.answered = hours.after(taken_up, days * WORKING_DAY)
        if random.random() < 0.96:
            wait = random.uniform(0.1, 1.6) if random.random() < 0.93 else random.uniform(3, 6)
            petition.published = hours.after(petition.answered, wait * WORKING_DAY)
            petition.liked_at = petition.published + random.randrange(HOUR, 5 * DAY)
            petition.likes = random.randrange(6)
            petition.dislikes = random.randrange(4) if random.random() < 0.25 else 0
