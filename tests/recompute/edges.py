"""Exports of a small world in which everything happens at the edges of periods and deadlines.

The sample's dossiers behave; these do not: times are drawn from few moments around midnights,
period ends and holidays, so that equal times, reversed orders and odd states are common.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from .exports import Row
from .working_days import is_working_day

COMMUNES = ("H24.1", "H24.2", "H24.3-A", "H30.1", "H77.1")  # H77 is in no export
AGENCIES = ("H24.9", "H24.9.1")
PROVINCES = ("H24", "H30")
KNOWN = (*COMMUNES, *AGENCIES, *PROVINCES)
NEIGHBOURS = tuple(f"H24.{number}" for number in range(101, 123))  # only the portal knows them
UNITS = (*COMMUNES, *KNOWN, "H99.1")  # the last is in no export of units
PROCEDURES = tuple(f"1.00{number:04d}" for number in range(1, 25))
SERVICES = tuple(f"3.00{number:04d}" for number in range(1, 15))
FORMALITIES = (*PROCEDURES, "9.999999")  # the last is in no catalogue
INDICATORS = (
    "PETITION_PROCESSING_ON_TIME",
    "ORIGINAL_RESULT_AVAILABLE",
    "DOSSIER_ON_TIME",
    "avgProcessingDays",
    "GROUP_TTTT",
)
FIGURES = (("", "", ""), ("0", "0", ""), ("0", "0", "6"), ("1", "1", "6"), ("0", "1", "5.99"))
_SECOND = timedelta(seconds=1)


class Edges:
    """Draws rows of the months before the last export day; equal seeds draw equal rows.

    ``days``: three export days. The first brings everything, the others corrections.
    """

    def __init__(self, seed: int, last_day: date, dossiers: int = 400, petitions: int = 150):
        self._random = Random(seed)
        self._dossiers, self._petitions = dossiers, petitions
        self.days = tuple(last_day - timedelta(days=ago) for ago in (4, 2, 0))
        self._moments = self._few_moments()
        self._procedure_of = {code: self._random.choice(FORMALITIES) for code in SERVICES}

    def write(self, folder: Path) -> None:
        dossiers = [self._dossier(number) for number in range(self._dossiers)]
        petitions = [self._petition(number) for number in range(self._petitions)]
        ratings = [self._rating(dossiers) for _ in range(self._dossiers // 3)]
        first, second, third = self.days
        write(folder, first, "units", "u.json", _json(self._unit(code) for code in KNOWN))
        write(folder, first, "procedures", "t.json", _json(map(self._procedure, PROCEDURES)))
        write(folder, first, "online_services", "s.csv", table(self._services()))
        write(folder, first, "unit_procedures", "p.csv", table(self._unit_procedures()))
        write(folder, first, "announcements", "a.csv", table(self._announcements()))
        write(folder, first, "national_counts", "n.json", _json(self._national_counts()))
        write(folder, first, "portal_scores", "p.csv", table(self._portal_scores()))
        write(folder, first, "dossiers", "d.jsonl", lines(dossiers))
        write(folder, first, "petitions", "k.jsonl", lines(petitions))
        write(folder, first, "ratings", "r.csv", table(ratings))
        self._write_newer_dossiers(folder, second, ("NgayHenTra", "NgayTra", "MaDVC"))
        newer = [row | {"denominator": "7"} for row in self._portal_scores()[::4]]
        write(folder, second, "portal_scores", "p.csv", table(newer))
        again = [row | {"MucDo": self._one("hai_long", "khong_hai_long", "")} for row in ratings]
        write(folder, second, "ratings", "r.jsonl", lines(again[::5]))
        self._write_newer_dossiers(folder, third, ("TaiLieuNop", "DaDongBo", "NgayHenTra"))
        petitions = [self._petition(number) for number in range(0, self._petitions, 4)]
        write(folder, third, "petitions", "k.csv", table(petitions, delimiter="\t"))
        changed = [self._procedure(code) for code in PROCEDURES[::5]]
        write(folder, third, "procedures", "t.csv", table(changed))

    def _write_newer_dossiers(self, folder: Path, day: date, absent: tuple[str, ...]) -> None:
        """A table without some columns, and a file after it with every dossier twice."""
        again = [self._dossier(number) for number in range(0, self._dossiers, 3)]
        parts = [{name: row[name] for name in row if name not in absent} for row in again]
        write(folder, day, "dossiers", "a.csv", table(parts, delimiter=";"))
        twice = [self._dossier(number) for number in [*range(0, self._dossiers, 7)] * 2]
        write(folder, day, "dossiers", "b.json", _json(twice))

    # Draws

    def _few_moments(self) -> list[datetime]:
        last = self.days[-1]
        start = datetime.combine(last - timedelta(days=100), time())
        days = [start.date() + timedelta(days=number) for number in range(110)]
        turns = [day for day in days if day.day == 1] + [last, last + timedelta(days=1)]
        midnights = [datetime.combine(day, time()) for day in turns]
        edges = [one + step for one in midnights for step in (-_SECOND, timedelta(0), _SECOND)]
        holidays = [day for day in days if day.weekday() < 5 and not is_working_day(day)]
        around = [
            datetime.combine(day + timedelta(days=step), time(9, 30))
            for day in holidays
            for step in (-1, 0, 1)
        ]
        inside = [
            start + timedelta(days=self._random.randrange(105), hours=self._random.randrange(24))
            for _ in range(60)
        ]
        return edges + inside + around + [one + 5 * _SECOND for one in inside[:20]]

    def _moment(self, share: float = 1.0) -> str:
        """One of the moments with the chance given, else not given."""
        if self._random.random() >= share:
            return ""
        return self._random.choice(self._moments).strftime("%Y%m%d%H%M%S")

    def _near(self, text: str, share: float) -> str:
        """A moment soon after another one, sometimes the same."""
        if not text or self._random.random() >= share:
            return ""
        steps = (timedelta(0), _SECOND, timedelta(hours=7), timedelta(days=1), timedelta(days=2))
        longer = timedelta(days=self._random.randrange(30))
        moment = datetime.strptime(text, "%Y%m%d%H%M%S")
        return (moment + self._random.choice((*steps, longer))).strftime("%Y%m%d%H%M%S")

    def _day(self, share: float) -> str:
        return self._moment(share)[:8]

    def _one(self, *values: str) -> str:
        return self._random.choice(values)

    def _some(self, most: int, draw: Callable[[], Row]) -> list[Row]:
        return [draw() for _ in range(self._random.randrange(most + 1))]

    # Rows

    def _dossier(self, number: int) -> Row:
        random = Random(number)  # keys and procedures stay, everything else is drawn anew
        received = self._moment(0.93)
        done = self._near(received, 0.5) or (self._moment(0.2) if not received else "")
        return {
            "MaHoSo": f"{random.choice(UNITS)}-261101-{number:05d}",
            "MaTTHC": random.choice(FORMALITIES),
            "MaDVC": self._one("", "", *SERVICES),
            "KenhThucHien": self._one("", "1", "2", "2", "3"),
            "NgayNopHoSo": self._moment(0.9),
            "NgayTiepNhan": received,
            "NgayHenTra": self._one(self._moment(), self._near(received, 1), self._day(1), ""),
            "NgayKetThucXuLy": done,
            "NgayTra": self._one("", self._moment(), self._near(done or received, 1)),
            "NgayTuChoi": self._moment(0.3),
            "TrangThaiHoSo": self._one("1", "2", "3", "4", "5", "6", "7", "8", *"99", "10", "10"),
            "DaDongBo": self._one("", "0", "1", "1"),
            "MaXaChuHoSo": self._one("", "10001", "10002", "10003"),
            "DonViXuLy": self._one("", "Bộ phận Một cửa"),
            "HoSoCoThanhPhanSoHoa": self._one("", "0", "0", "1"),
            "TaiKhoanDuocXacThucVoiVNeID": self._one("", "0", "0", "1"),
            "DuocThanhToanTrucTuyen": self._one("", "0", "0", "1", "2", "3"),
            "DSKetNoiCSDL": self._some(2, lambda: {"MaCSDL": self._one("7", "3", "17")}),
            "TaiLieuNop": self._some(2, self._component),
            "DanhSachLePhi": self._some(2, lambda: {"Gia": self._one("", "0", "0", "8000", "0.5")}),
            "DanhSachGiayToKetQua": self._some(2, self._result),
            "DanhSachHoSoBoSung": self._some(3, self._supplement) if random.random() < 0.5 else [],
        }

    def _component(self) -> Row:
        return {
            "DuongDanTaiTepTin": self._one("", "https://kho.example/1"),
            "DuocSoHoa": self._one("", "0", "0", "1"),
            "DuocTaiSuDung": self._one("", "0", "0", "1", "2"),
            "DuocLayTuKhoDMQG": self._one("", "0", "1"),
        }

    def _result(self) -> Row:
        return {
            "MaKetQua": self._one("", "KQ-1"),
            "DuongDanTepTinKetQua": self._one("", "https://kho.example/2"),
            "DongBoKhoDMQG": self._one("", "0", "1"),
        }

    def _supplement(self) -> Row:
        asked = self._moment(0.9)
        arrived = self._one("", self._near(asked, 1), self._near(asked, 1), self._moment())
        return {"NgayBoSung": asked, "NgayTiepNhanBoSung": arrived}

    def _petition(self, number: int) -> Row:
        random = Random(-number)
        sent = self._moment()
        start = self._one(sent, sent, self._moment())
        answered = self._near(start, 0.5)
        return {
            "MaPAKN": f"PA-{number:04d}",
            "MaDonVi": random.choice(UNITS),
            "PhanLoai": self._one("quy_dinh", "hanh_vi", "khac", ""),
            "NgayGui": sent,
            "NgayChuyenDen": start if start != sent else "",
            "NgayTiepNhan": self._one("", self._moment(), self._near(start, 1)),
            "NgayYeuCauBoSung": self._one("", self._moment(), self._near(start, 1)),
            "NgayTuChoi": self._one("", "", answered, self._near(start, 1)),
            "NgayTraLoi": answered,
            "NgayCongKhai": self._one("", self._near(answered, 1), self._moment()),
            "LuotThich": self._one("", "0", "1", "2"),
            "LuotKhongThich": self._one("", "0", "0", "1", "2"),
            "MaPAKNTruoc": self._one(*[""] * 8, f"PA-{number:04d}", self._petition_code()),
            "MaHoSo": self._one("", "", self._dossier_code()),
        }

    def _petition_code(self) -> str:
        return f"PA-{self._random.randrange(self._petitions + 5):04d}"

    def _dossier_code(self) -> str:
        number = self._random.randrange(self._dossiers)
        return f"{Random(number).choice(UNITS)}-261101-{number:05d}"

    def _rating(self, dossiers: list[Row]) -> Row:
        return {
            "MaHoSo": self._random.choice(dossiers)["MaHoSo"],
            "NgayDanhGia": self._moment(),
            "MucDo": self._one("rat_hai_long", "hai_long", "khong_hai_long"),
        }

    def _unit(self, code: str) -> Row:
        level = "xa" if code in COMMUNES else "so" if code in AGENCIES else "tinh"
        parent = "H24.9" if code == "H24.9.1" else code[:3]
        return {
            "MaDonVi": code,
            "TenDonVi": f"Đơn vị {code}",
            "Cap": level,
            "MaDonViCha": parent if level != "tinh" else "",
            "MaGSO": {"H24.1": "10001", "H24.2": "10002"}.get(code, ""),
            "ChungThucBanSaoDienTu": self._one("", "0", "1"),
        }

    def _procedure(self, code: str) -> Row:
        return {
            "MaTTHC": code,
            "TenTTHC": f"Thủ tục {code}",
            "MaLinhVuc": self._one("", "LV01"),
            "TenLinhVuc": "Hộ tịch",
            "CapThucHien": self._one("xa", "xa", "tinh", "tinh; xa", "xa;tinh", ""),
            "MaDonViCongBo": self._one("H24", "H24", "H30", ""),
            "TrangThai": self._one("cong_khai", "cong_khai_sua_doi", "bai_bo", "chua_cong_khai"),
            "DoiTuong": self._one("cong_dan", "doanh_nghiep; cong_dan", "co_quan", ""),
            "TrinhTuThucHien": self._one("Bước 1", "Bước 1", "Bước 1", ""),
            "CachThucThucHien": self._one("Trực tiếp", "Trực tiếp", ""),
            "ThanhPhanHoSo": "Tờ khai",
            "CoQuanThucHien": "Ủy ban nhân dân",
            "ThoiHan": self._one("", "0", "0,5", "1", "2", "3.5", "15", "36", "40"),
            "DonViThoiHan": self._one("gio", "ngay_lam_viec", "ngay", "thang", ""),
            "CoKetQuaGiayTo": self._one("", "0", "1", "1"),
            "Phi": self._one("", "0", "0", "8000"),
            "LePhi": self._one("", "0", "0", "0.5"),
            "PhiDiaGioi": self._one("", "0", "1"),
            "LienThong": self._one("", "0", "1"),
            "NganhDoc": self._one("", "0", "1"),
        }

    def _services(self) -> list[Row]:
        return [
            {
                "MaDVC": code,
                "MaTTHC": self._procedure_of[code],
                "MucDo": self._one("toan_trinh", "mot_phan"),
                "TrangThai": self._one("cong_khai", "cho_dung_cong_khai", "kiem_thu", "dung"),
                "MaDonVi": unit,
            }
            for code in SERVICES
            for unit in self._one("|", "|", "H24.1|H24.9.1", "H30.1|", "H24", "H24.2").split("|")
            if unit or self._random.random() < 0.7
        ]

    def _unit_procedures(self) -> list[Row]:
        named = [(unit, code) for unit in ("H24.2", "H24.9", "H24") for code in PROCEDURES[::2]]
        named += [("H30.1", FORMALITIES[-1])]
        return [{"MaDonVi": unit, "MaTTHC": code} for unit, code in named]

    def _announcements(self) -> list[Row]:
        return [
            {
                "SoQuyetDinh": f"{number // 3}/QĐ",
                "MaDonVi": self._one("H24", "H24", "H30"),
                "MaTTHC": self._one(*FORMALITIES),
                "LoaiCongBo": self._one("moi", "sua_doi", "bai_bo"),
                "NgayQuyetDinh": (decided := self._moment())[:8],
                "NgayHieuLuc": self._near(decided, 0.8)[:8],
                "NgayCongKhai": self._near(decided, 0.8),
            }
            for number in range(150)
        ]

    def _national_counts(self) -> list[Row]:
        return [
            {
                "MaDonVi": unit,
                "Nam": str((day := self._random.choice(self._moments)).year),
                "Thang": self._one("0", str(day.month), f"{day.month:02d}"),
                "SoHoSoTiepNhan": self._one("", "0", "3", "12", "70"),
            }
            for unit in ("H24.1", "H24.2", "H24.9", "H30.1", "H30", "H24")
            for _ in range(1 if unit == "H24" else 4)
        ]

    def _periods(self) -> list[str]:
        """A month, a quarter and a year as the portal's pulls name them."""
        last = self.days[-1]
        return [f"{last:%Y-%m}", f"{last.year}-Q{(last.month + 2) // 3}", f"{last.year}-year"]

    def _portal_scores(self) -> list[Row]:
        synchronised = [
            self._published(unit, period, "DOSSIER_SYNC", denominator=self._one("", "0", "9", "60"))
            for unit in ("H24.1", "H24.9", "H24")
            for period in self._periods()
        ]
        figures = [
            self._published(unit, period, code, *self._random.choice(FIGURES))
            for unit in ("H24.1", "H24.9.1", "H30", "H99.1")
            for period in (*self._periods(), "month-all")  # the last names no period
            for code in INDICATORS
        ]
        totals = [
            self._published(unit, period, "TOTAL", score=self._one("", "31.5", "44", "44", "67.18"))
            for unit in (*KNOWN[1:], *NEIGHBOURS)
            for period in self._periods()
        ]
        return [*synchronised, *figures, *totals]

    def _published(
        self,
        unit: str,
        period: str,
        metric: str,
        numerator: str = "1",
        denominator: str = "",
        score: str = "6",
    ) -> Row:
        return {
            "source": "details_Communes",
            "period": period,
            "unit_code": unit,
            "unit_name": f"Đơn vị {unit}",
            "unit_level": "COMMUNE" if unit not in (*AGENCIES, *PROVINCES) else "",
            "metric": metric,
            "numerator": numerator,
            "denominator": denominator,
            "ratio": self._one("", "0", "33.33", "100"),
            "score": score,
            "max_score": "6",
        }


def write(folder: Path, day: date, source: str, name: str, text: str) -> None:
    path = folder / day.isoformat() / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows: list[Row], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})
    return text.getvalue()
