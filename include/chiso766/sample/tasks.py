"""What a ward has set itself to do in its plan for administrative reform, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chiso766.sample.outbox import Row
from chiso766.sample.streams import stream
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import DAY, day_text

LATE = 0.15
NEVER_DONE = 0.08
UNPROVEN = 0.25  # of the tasks
_TASKS = (
    "Niêm yết công khai thủ tục hành chính",
    "Số hóa hồ sơ, kết quả giải quyết còn hiệu lực",
    "Tập huấn nghiệp vụ cho công chức bộ phận một cửa",
    "Tuyên truyền dịch vụ công trực tuyến đến tổ dân phố",
    "Rà soát thủ tục hành chính để đơn giản hóa",
    "Kiểm tra việc giải quyết hồ sơ quá hạn",
    "Khảo sát mức độ hài lòng của người dân",
    "Nâng cấp thiết bị của bộ phận một cửa",
    "Thanh toán trực tuyến phí, lệ phí",
    "Trả lời phản ánh, kiến nghị đúng hạn",
)


@dataclass(eq=False, slots=True)
class Task:
    """One item of a plan; days are ordinals, ``done`` None is never."""

    code: str
    name: str
    plan: str
    unit: str
    begun: int
    due: int
    done: int | None
    is_proven: bool

    def row(self, until: int) -> Row:
        today = until // DAY - 1
        is_done = self.done is not None and self.done <= today
        share = self._share(today)
        proof = f"https://example.invalid/minh-chung/{self.code}"
        return {
            "MaNhiemVu": self.code,
            "TenNhiemVu": self.name,
            "KeHoach": self.plan,
            "MaDonVi": self.unit,
            "HanHoanThanh": day_text(self.due),
            "NgayHoanThanh": day_text(self.done) if self.done and is_done else "",
            "TrangThai": "Hoàn thành" if is_done else "Đang làm" if share else "Chưa bắt đầu",
            "TyLe": f"{share:g}",
            "MinhChung": proof if is_done and self.is_proven else "",
            "GhiChu": "Quá hạn" if not is_done and today > self.due else "",
        }

    def _share(self, today: int) -> float:
        """Percent, to a half."""
        if self.done is not None and self.done <= today:
            return 100.0
        end = self.done or self.due * 2 - self.begun
        part = (today - self.begun) / (end - self.begun)
        return round(200 * min(max(part, 0.0), 0.9)) / 2


def plans(units: Sequence[Unit], first_day: int, last_day: int, seed: int) -> list[Task]:
    """The tasks of the communes' plans for the years of the span."""
    years = range(date.fromordinal(first_day).year, date.fromordinal(last_day).year + 1)
    return [
        task
        for unit in units
        if unit.level == "xa"
        for year in years
        for task in _plan(unit, year, seed)
    ]


def _plan(unit: Unit, year: int, seed: int) -> Iterator[Task]:
    random = stream(seed, "tasks", unit.code, year)
    proofs = stream(seed, "proofs of tasks", unit.code, year)
    plan = f"Kế hoạch số {random.randint(3, 40)}/KH-UBND năm {year}"
    start = date(year, 1, 15).toordinal()
    for number, name in enumerate(_TASKS, 1):
        begun = start + random.randint(0, 200)
        due = begun + random.randint(30, 130)
        late = random.randint(1, 30) if random.random() < LATE else -random.randint(0, 15)
        yield Task(
            code=f"NV-{year}-{number:02d}",
            name=name,
            plan=plan,
            unit=unit.code,
            begun=begun,
            due=due,
            done=None if random.random() < NEVER_DONE else due + late,
            is_proven=proofs.random() >= UNPROVEN,
        )
