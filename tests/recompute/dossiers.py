"""Dossiers as at a moment: finish time, supplement time, due time and state (2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .exports import Row, to_due_time, to_number, to_time
from .working_days import due_after_limit

POPULATION_DATABASE = "7"


@dataclass(eq=False)
class Dossier:
    """The newest version of a dossier; ``procedure`` is its row in the catalogue, if any."""

    row: Row
    procedure: Row | None
    code: str = field(init=False)
    unit: str = field(init=False)
    received: datetime | None = field(init=False)
    due: datetime | None = field(init=False)
    supplements: list[tuple[datetime | None, datetime | None]] = field(init=False)

    def __post_init__(self) -> None:
        row = self.row
        self.code = row["MaHoSo"]
        self.unit = self.code.rsplit("-", 2)[0]
        self.status = row["TrangThaiHoSo"]
        self.received = to_time(row.get("NgayTiepNhan"))
        self.submitted = to_time(row.get("NgayNopHoSo"))
        self.done = to_time(row.get("NgayKetThucXuLy"))
        self.returned = to_time(row.get("NgayTra"))
        self.refused = to_time(row.get("NgayTuChoi"))
        self.supplements = [
            (to_time(one.get("NgayBoSung")), to_time(one.get("NgayTiepNhanBoSung")))
            for one in row.get("DanhSachHoSoBoSung", [])
        ]
        self.due = to_due_time(row.get("NgayHenTra")) or self._due_by_limit()

    def _due_by_limit(self) -> datetime | None:
        if self.received is None or self.procedure is None:
            return None
        limit = to_number(self.procedure.get("ThoiHan"))
        return due_after_limit(self.received, limit, self.procedure.get("DonViThoiHan", ""))

    def is_received(self, start: datetime, end: datetime) -> bool:
        return self.received is not None and start <= self.received < end

    def handled_until(self, at: datetime) -> datetime | None:
        """The time at which the work ended; None where it is not over at ``at``."""
        if self.status in ("9", "10"):
            ends = (self.done, self.returned)
        elif self.status in ("8", "7", "3") and self.received is not None:
            ends = (self.done, self.refused, self.returned)
        else:
            return None
        return next((end for end in ends if end is not None and end < at), None)

    def requests(self, at: datetime) -> list[tuple[datetime, bool]]:
        """The supplement requests made before ``at``: when, and whether answered by then."""
        return [
            (asked, arrived is not None and arrived < at)
            for asked, arrived in self.supplements
            if asked is not None and asked < at
        ]

    def supplement_time(self, at: datetime) -> timedelta:
        waits = (
            arrived - asked
            for asked, arrived in self.supplements
            if asked is not None and arrived is not None and arrived < at
        )
        return sum((max(wait, timedelta(0)) for wait in waits), timedelta(0))

    def finished(self, at: datetime) -> datetime | None:
        """The finish time, that of a dossier sent back once included."""
        end = self.handled_until(at)
        requests = self.requests(at)
        if end is None and len(requests) == 1 and not requests[0][1]:
            return requests[0][0]
        return end

    def state(self, at: datetime) -> str:
        if self.received is None or self.received >= at:
            return "not_received"
        finished = self.finished(at)
        requests = self.requests(at)
        waits = any(not answered for _, answered in requests)
        if finished is None and waits and len(requests) > 1:
            return "open_overdue"
        reckoned = (finished or at) - self.supplement_time(at)
        in_time = self.due is None or reckoned <= self.due
        if finished is None:
            return "open_in_time" if in_time else "open_overdue"
        if not in_time:
            return "late"
        is_early = self.due is None or reckoned.date() < self.due.date()
        return "early" if is_early else "on_time"

    def is_sent_back(self, at: datetime) -> bool:
        was_received = self.received is not None and self.received < at
        return self.status in ("7", "8") or (self.status == "3" and was_received)

    # Facts without a time of their own.

    @property
    def is_online(self) -> bool:
        return self.row.get("KenhThucHien") == "2"

    @property
    def is_synchronised(self) -> bool:
        return self.row.get("DaDongBo") != "0"

    @property
    def is_paid_online(self) -> bool:
        return self.row.get("DuocThanhToanTrucTuyen") in ("1", "2", "3")

    @property
    def has_fee(self) -> bool:
        return any(to_number(line.get("Gia")) > 0 for line in self.row.get("DanhSachLePhi", []))

    @property
    def owes_fee(self) -> bool:
        """Of a fee-bearing procedure, and not let off by fee lines of 0 only (3.6)."""
        if self.procedure is None or not is_fee_bearing(self.procedure):
            return False
        amounts = [line.get("Gia") for line in self.row.get("DanhSachLePhi", [])]
        return not amounts or any(not given or to_number(given) for given in amounts)

    @property
    def has_result_link(self) -> bool:
        results = self.row.get("DanhSachGiayToKetQua", [])
        return any(result.get("DuongDanTepTinKetQua") for result in results)

    @property
    def has_component_file(self) -> bool:
        return any(part.get("DuongDanTaiTepTin") for part in self.row.get("TaiLieuNop", []))

    @property
    def is_digitised(self) -> bool:
        needs_result = self.procedure is not None and self.procedure.get("CoKetQuaGiayTo") == "1"
        return self.has_component_file and (self.has_result_link or not needs_result)

    @property
    def reuses_data(self) -> bool:
        return self.row.get("HoSoCoThanhPhanSoHoa") == "1" or any(
            to_number(part.get("DuocTaiSuDung")) >= 1 or part.get("DuocSoHoa") == "1"
            for part in self.row.get("TaiLieuNop", [])
        )

    @property
    def shares_data(self) -> bool:
        parts = self.row.get("TaiLieuNop", [])
        results = self.row.get("DanhSachGiayToKetQua", [])
        return any(part.get("DuocLayTuKhoDMQG") == "1" for part in parts) or any(
            result.get("DongBoKhoDMQG") == "1" for result in results
        )

    @property
    def uses_population_data(self) -> bool:
        bases = self.row.get("DSKetNoiCSDL", [])
        return self.row.get("TaiKhoanDuocXacThucVoiVNeID") == "1" or any(
            base.get("MaCSDL") == POPULATION_DATABASE for base in bases
        )


def is_fee_bearing(procedure: Row) -> bool:
    return to_number(procedure.get("Phi")) > 0 or to_number(procedure.get("LePhi")) > 0
