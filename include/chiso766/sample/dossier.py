"""A dossier, and what is known of it at a midnight: the national message's object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chiso766.sample import people
from chiso766.sample.catalogue import Procedure
from chiso766.sample.outbox import Row
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import known_text, moment_text

AT_DESK, ONLINE, BY_POST = "1", "2", "3"
NEW, RECEIVED, NOT_ACCEPTED, IN_PROCESSING, SENT_BACK = "1", "2", "3", "4", "5"
FEE_DUE, WITHDRAWN, STOPPED, DONE, RETURNED = "6", "7", "8", "9", "10"
POPULATION = "7"  # the code of the population database


class Supplement(NamedTuple):
    """A request for missing papers, when they arrived (None: never), and the due time from then."""

    asked: int
    arrived: int | None
    new_due: int | None = None


@dataclass(eq=False, slots=True)
class Life:
    """Everything that ever happens to a dossier; times are moments, None is never."""

    code: str
    unit: Unit
    procedure: Procedure
    channel: str
    service_code: str
    applicant: int
    official: int
    commune: str
    submitted: int
    received: int | None
    due: int | None = None
    started: int | None = None
    supplements: tuple[Supplement, ...] = ()
    ending: str = ""  # status the dossier ends with, "" if it never does
    ended: int | None = None
    returned: int | None = None
    result_by_post: bool = False
    end_time_given: bool = True
    fee_asked: int | None = None
    paid_at: int | None = None
    payment: str = "0"
    is_exempt: bool = False
    scanned_at: int | None = None
    reuse: str = "0"  # DuocTaiSuDung of its components
    from_store: bool = False
    result_at: int | None = None
    result_link: bool = True
    store_at: int | None = None
    synchronised_at: int | None = None
    is_verified: bool = False
    uses_population_data: bool = False

    @property
    def is_late(self) -> bool:
        """Whether it ends after its due time, the waits for the applicant not counted."""
        if self.due is None or self.ended is None:
            return False
        waited = sum(one.arrived - one.asked for one in self.supplements if one.arrived is not None)
        return self.ended - waited > self.due

    def row(self, until: int) -> Row:
        """The national message's object for this dossier."""
        procedure, unit, code = self.procedure, self.unit, self.code
        department = procedure.field.departments[unit.procedure_level]
        person = self.applicant
        name = people.name(person)
        is_received = self.received is not None and self.received < until
        is_over = self.ended is not None and self.ended < until
        return {
            "MaHoSo": code,
            "MaTTHC": procedure.code,
            "TenTTHC": procedure.name,
            "MaLinhVuc": procedure.field.code,
            "TenLinhVuc": procedure.field.name,
            "MaDVC": self.service_code,
            "KenhThucHien": self.channel,
            "NgayNopHoSo": moment_text(self.submitted),
            "NgayTiepNhan": known_text(self.received, until),
            "NgayHenTra": moment_text(self.due) if is_received and self.due else "",
            "NgayKetThucXuLy": self._end_time(until),
            "NgayTra": known_text(self.returned, until),
            "NgayTuChoi": known_text(self.ended, until) if self.ending == NOT_ACCEPTED else "",
            "TrangThaiHoSo": self.status(until),
            "HinhThuc": "1" if self.result_by_post else "0",
            "DonViXuLy": department,
            "NguoiXuLy": people.official_name(department, self.official) if is_received else "",
            "HoSoCoThanhPhanSoHoa": "1" if self._is_scanned(until) and self.reuse != "0" else "0",
            "TaiKhoanDuocXacThucVoiVNeID": "1" if self.is_verified else "0",
            "DuocThanhToanTrucTuyen": self.payment if self._is_paid(until) else "0",
            "DaDongBo": "1" if known_text(self.synchronised_at, until) else "0",
            "MaXaChuHoSo": self.commune,
            "DSKetNoiCSDL": [{"MaCSDL": POPULATION}] if self.uses_population_data else [],
            "TaiLieuNop": self._parts(until),
            "DanhSachLePhi": self._fees() if is_received and procedure.price else [],
            "DanhSachGiayToKetQua": self._results(until),
            "DanhSachHoSoBoSung": [
                self._supplement(number, one, until)
                for number, one in enumerate(self.supplements, start=1)
                if one.asked < until
            ],
            "ChuHoSo": name,
            "SoGiayToChuHoSo": people.identity_number(person),
            "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": people.identity_number(person)}],
            "SoDienThoai": people.phone(person),
            "Email": people.email(person) if self.channel == ONLINE else "",
            "Fax": "",
            "DiaChi": people.address(person),
            "TrichYeuHoSo": f"{procedure.name} - {name}",
            "GhiChu": procedure.field.late_reason if is_over and self.is_late else "",
            "ThongTinKhac": "" if person % 9 else f"Người nhận thay: {people.name(person + 1)}",
        }

    def status(self, until: int) -> str:
        """The status code just before the moment ``until``."""
        if self.returned is not None and self.returned < until:
            return RETURNED
        if self.end_time_given and self.ended is not None and self.ended < until:
            return self.ending
        for asked, arrived, _ in self.supplements:
            if asked < until and (arrived is None or arrived >= until):
                return SENT_BACK
        if self.received is None or self.received >= until:
            return NEW
        if self.fee_asked is not None and self.fee_asked < until and not self._is_paid(until):
            return FEE_DUE
        is_started = self.started is not None and self.started < until
        return IN_PROCESSING if is_started else RECEIVED

    def moments(self) -> Iterator[int]:
        """All times at which something about the dossier changes."""
        for moment in (
            self.submitted,
            self.received,
            self.started,
            self.ended,
            self.returned,
            self.fee_asked,
            self.paid_at,
            self.scanned_at,
            self.result_at,
            self.store_at,
            self.synchronised_at,
        ):
            if moment is not None:
                yield moment
        for asked, arrived, _ in self.supplements:
            yield asked
            if arrived is not None:
                yield arrived

    def _is_paid(self, until: int) -> bool:
        return self.paid_at is not None and self.paid_at < until

    def _end_time(self, until: int) -> str:
        is_given = self.end_time_given and self.ending != NOT_ACCEPTED
        return known_text(self.ended, until) if is_given else ""

    def _is_scanned(self, until: int) -> bool:
        return self.scanned_at is not None and self.scanned_at < until

    def _parts(self, until: int) -> list[Row]:
        """The components; the first one is the one that may come from data already there."""
        link = f"https://tep.example.invalid/{self.code}/" if self._is_scanned(until) else ""
        digitised = "1" if link and (self.reuse != "0" or self.channel != ONLINE) else "0"
        parts: list[Row] = [
            {
                "TenTepDinhKem": name,
                "DuongDanTaiTepTin": f"{link}{number}.pdf" if link else "",
                "DuocSoHoa": digitised,
                "DuocTaiSuDung": "0",
                "DuocLayTuKhoDMQG": "0",
                "MaKetQuaThayThe": "",
            }
            for number, name in enumerate(self.procedure.field.parts, start=1)
        ]
        if link:
            parts[0]["DuocTaiSuDung"] = self.reuse
        if link and self.from_store:
            parts[0]["DuocLayTuKhoDMQG"] = "1"
            parts[0]["MaKetQuaThayThe"] = f"KQ-{self.code}-0"
        return parts

    def _fees(self) -> list[Row]:
        amounts = (("Phí", "1", self.procedure.fee), ("Lệ phí", "2", self.procedure.charge))
        return [
            {
                "TenPhiLePhi": f"{name} {self.procedure.field.name.lower()}",
                "MaPhiLePhi": f"{self.procedure.code}-{kind}",
                "HinhThucThu": "2" if self.payment != "0" else "1",
                "Gia": 0 if self.is_exempt else amount,
                "LoaiPhiLePhi": kind,
            }
            for name, kind, amount in amounts
            if amount
        ]

    def _results(self, until: int) -> list[Row]:
        if self.result_at is None or self.result_at >= until:
            return []
        link = f"https://ketqua.example.invalid/{self.code}.pdf" if self.result_link else ""
        return [
            {
                "TenGiayTo": f"Kết quả: {self.procedure.name}",
                "MaKetQua": f"KQ-{self.code}",
                "DuongDanTepTinKetQua": link,
                "DongBoKhoDMQG": "1" if known_text(self.store_at, until) else "0",
            }
        ]

    def _supplement(self, number: int, one: Supplement, until: int) -> Row:
        is_back = one.arrived is not None and one.arrived < until
        return {
            "HoSoBoSungId": f"{self.code}-BS{number}",
            "NgayBoSung": moment_text(one.asked),
            "NgayTiepNhanBoSung": known_text(one.arrived, until),
            "NgayHenTraTruoc": moment_text(self.due) if self.due is not None else "",
            "NgayHenTraMoi": moment_text(one.new_due) if one.new_due and is_back else "",
            "NoiDungBoSung": f"Đề nghị {people.name(self.applicant)} bổ sung giấy tờ còn thiếu",
        }
