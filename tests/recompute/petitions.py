"""Petitions as at a moment: clock, closing and state (5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from .exports import Row, to_number, to_time
from .working_days import working_day_after


@dataclass(eq=False)
class Petition:
    """The newest version of a petition."""

    row: Row
    code: str = field(init=False)
    unit: str = field(init=False)
    sent: datetime = field(init=False)
    start: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.code = self.row["MaPAKN"]
        self.unit = self.row["MaDonVi"]
        sent = to_time(self.row["NgayGui"])
        assert sent is not None
        self.sent = sent
        self.start = to_time(self.row.get("NgayChuyenDen")) or sent

    @property
    def is_disliked(self) -> bool:
        return to_number(self.row.get("LuotKhongThich")) > to_number(self.row.get("LuotThich"))

    def _event(self, name: str, at: datetime) -> datetime | None:
        """When it happened before ``at``; what was before the clock is another unit's."""
        moment = to_time(self.row.get(name))
        return moment if moment is not None and self.start <= moment < at else None

    def closing(self, at: datetime) -> tuple[str, datetime | None]:
        """What closed it before ``at`` (refused, answered, supplement, or open), and when."""
        refused = self._event("NgayTuChoi", at)
        answered = self._event("NgayTraLoi", at)
        if refused and (answered is None or refused <= answered):
            return "refused", refused
        if answered:
            return "answered", answered
        asked = self._event("NgayYeuCauBoSung", at)
        taken_up = self._event("NgayTiepNhan", at)
        if asked and not (taken_up and taken_up > asked):
            return "supplement", asked
        return "open", None

    def counts(self, since: datetime, at: datetime) -> bool:
        closed = self.closing(at)[1]
        return self.start < at and (closed is None or closed >= since)

    def deadline(self, at: datetime) -> date:
        how, _ = self.closing(at)
        days = {"refused": 2, "supplement": 5, "answered": 15, "open": 15}[how]
        return working_day_after(self.start.date(), days)

    def state(self, at: datetime) -> str:
        how, closed = self.closing(at)
        if closed is None:
            return "open_in_time" if at.date() <= self.deadline(at) else "open_overdue"
        in_time = closed.date() <= self.deadline(at)
        if how == "answered":
            published = self._event("NgayCongKhai", at) or at
            in_time = in_time and published.date() <= working_day_after(closed.date(), 2)
        return "on_time" if in_time else "late"
