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

from chiso766.sources import SOURCES

from .exports import Row

LAST_DAY = date(2027, 1, 5)
FIRST_DAY = date(2027, 1, 1)
"""The two export days; the second brings corrections."""

COMMUNES = ("H24.1", "H24.2", "H24.3-A", "H30.1", "H77.1")  # H77 is in no export
AGENCIES = ("H24.9", "H24.9.1")
KNOWN = (*COMMUNES, *AGENCIES, "H24", "H30")
UNITS = (*COMMUNES, *KNOWN, "H99.1")  # the last is in no export of units
PROCEDURES = tuple(f"1.00{number:04d}" for number in range(1, 25))
SERVICES = tuple(f"3.00{number:04d}" for number in range(1, 15))
FORMALITIES = (*PROCEDURES, "9.999999")  # the last is in no catalogue
_MIDNIGHTS = (
    date(2026, 10, 1),
    date(2026, 11, 1),
    date(2026, 12, 1),
    date(2027, 1, 1),
    date(2027, 1, 5),
    LAST_DAY + timedelta(days=1),
)
_SECOND = timedelta(seconds=1)


class Edges:
    """Draws rows; equal seeds draw equal rows."""

    def __init__(self, seed: int, dossiers: int, petitions: int) -> None:
        self._random = Random(seed)
        self._dossiers, self._petitions = dossiers, petitions
        self._moments = self._few_moments()
        self._procedure_of = {code: self._random.choice(FORMALITIES) for code in SERVICES}

    def write(self, folder: Path) -> None:
        dossiers = [self._dossier(number) for number in range(self._dossiers)]
        petitions = [self._petition(number) for number in range(self._petitions)]
        _write(folder, FIRST_DAY, "units", "u.json", _json(self._unit(code) for code in KNOWN))
        _write(folder, FIRST_DAY, "procedures", "t.json", _json(map(self._procedure, PROCEDURES)))
        _write(folder, FIRST_DAY, "online_services", "s.csv", _csv(self._services()))
        _write(folder, FIRST_DAY, "unit_procedures", "p.csv", _csv(self._unit_procedures()))
        _write(folder, FIRST_DAY, "announcements", "a.csv", _csv(self._announcements()))
        _write(folder, FIRST_DAY, "national_counts", "n.json", _json(self._national_counts()))
        if "portal_scores" in SOURCES:
            _write(folder, FIRST_DAY, "portal_scores", "p.csv", _csv(self._portal_scores()))
        _write(folder, FIRST_DAY, "dossiers", "d.jsonl", _lines(dossiers))
        _write(folder, FIRST_DAY, "petitions", "k.jsonl", _lines(petitions))
        ratings = [self._rating(dossiers) for _ in range(self._dossiers // 3)]
        _write(folder, FIRST_DAY, "ratings", "r.csv", _csv(ratings))
        self._write_corrections(folder, dossiers, petitions)

    def _write_corrections(self, folder: Path, dossiers: list[Row], petitions: list[Row]) -> None:
        """New versions: of dossiers in a table without some columns, later files and rows win."""
        again = [self._dossier(number) for number in range(0, self._dossiers, 3)]
        absent = ("TaiLieuNop", "DaDongBo", "NgayHenTra", "DanhSachHoSoBoSung")
        table = [{name: row[name] for name in row if name not in absent} for row in again]
        _write(folder, LAST_DAY, "dossiers", "a.csv", _csv(table, delimiter=";"))
        twice = [self._dossier(number) for number in [*range(0, self._dossiers, 7)] * 2]
        _write(folder, LAST_DAY, "dossiers", "b.json", _json(twice))
        newer = [self._petition(number) for number in range(0, self._petitions, 4)]
        _write(folder, LAST_DAY, "petitions", "k.csv", _csv(newer, delimiter="\t"))
        changed = [self._procedure(code) for code in PROCEDURES[::5]]
        _write(folder, LAST_DAY, "procedures", "t.csv", _csv(changed))

    # Draws

    def _few_moments(self) -> list[datetime]:
        midnights = [datetime.combine(day, time()) for day in _MIDNIGHTS]
        edges = [one + step for one in midnights for step in (-_SECOND, timedelta(0), _SECOND)]
        start = datetime(2026, 10, 5)
        inside = [
            start + timedelta(days=self._random.randrange(100), hours=self._random.randrange(24))
            for _ in range(60)
        ]
        around = [datetime(2026, 11, day, 9, 30) for day in (20, 23, 24, 25, 26, 27)]
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
            "HoSoCoThanhPhanSoHoa": self._one("", "0", "0", "1"),
            "TaiKhoanDuocXacThucVoiVNeID": self._one("", "0", "0", "1"),
            "DuocThanhToanTrucTuyen": self._one("", "0", "0", "1", "2", "3"),
            "DSKetNoiCSDL": self._some(2, lambda: {"MaCSDL": self._one("7", "3", "17")}),
            "TaiLieuNop": self._some(2, self._component),
            "DanhSachLePhi": self._some(2, lambda: {"Gia": self._one("0", "0", "8000", "0.5")}),
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
            "ChungThucBanSaoDienTu": self._one("", "0", "1"),
        }

    def _procedure(self, code: str) -> Row:
        return {
            "MaTTHC": code,
            "TenTTHC": f"Thủ tục {code}",
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
                "Nam": self._one("2026", "2026", "2027"),
                "Thang": self._one("0", "1", "10", "11", "12"),
                "SoHoSoTiepNhan": self._one("", "0", "3", "12", "70"),
            }
            for unit in ("H24.1", "H24.2", "H24.9", "H30.1", "H30", "H24")
            for _ in range(1 if unit == "H24" else 4)
        ]

    def _portal_scores(self) -> list[Row]:
        return [
            {
                "source": "details_Communes",
                "period": period,
                "unit_code": unit,
                "unit_name": f"Đơn vị {unit}",
                "unit_level": "COMMUNE",
                "metric": "DOSSIER_SYNC",
                "numerator": "1",
                "denominator": self._one("", "0", "9", "60"),
                "ratio": "",
                "score": "6",
                "max_score": "6",
            }
            for unit in ("H24.1", "H24.9", "H24")
            for period in ("2026-11", "2026-Q4", "2026", "2027-01")
        ]


def _write(folder: Path, day: date, source: str, name: str, text: str) -> None:
    path = folder / day.isoformat() / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(rows: Iterable[Row]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _csv(rows: list[Row], delimiter: str = ",") -> str:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})
    return table.getvalue()
