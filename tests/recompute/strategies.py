"""Small worlds at the edges, drawn by hypothesis: what is not given shrinks away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import cycle, islice
from typing import Any

from hypothesis import strategies as st

from .direct import Given
from .exports import KEYS, Row
from .working_days import is_working_day

COMMUNES, AGENCIES, PROVINCES = ("H24.1", "H24.2", "H30.1"), ("H24.9", "H24.9.1"), ("H24", "H30")
PARENTS = {"H24.1": "H24", "H24.2": "H24", "H24.9": "H24", "H24.9.1": "H24.9", "H30.1": "H30"}
UNITS = (*COMMUNES, *AGENCIES, *PROVINCES)
UNKNOWN_UNIT, UNKNOWN_PROCEDURE = "H99.1", "9.999999"
PROCEDURES = ("1.000001", "1.000002", "1.000003")
SERVICES = {"3.000001": "1.000001", "3.000002": "1.000001", "3.000003": "1.000002"}
AS_OF_DAYS = (
    date(2026, 11, 30),  # the 24th was the first holiday of its name
    date(2027, 1, 1),
    date(2026, 3, 31),  # a quarter and a month end; Tet
    date(2024, 2, 29),  # Tet and a leap day
    date(2026, 9, 3),  # 31 August to 2 September off, a working Saturday before
)
DOSSIERS = tuple(
    f"{unit}-261101-{number:03d}"
    for number, unit in enumerate(islice(cycle(("H24.1", *UNITS, UNKNOWN_UNIT)), 24), start=1)
)
PETITIONS = tuple(f"PA-{number}" for number in range(1, 13))

Rows = st.SearchStrategy[list[Row]]


@st.composite
def worlds(draw: st.DrawFn) -> Given:
    as_of_day = draw(st.sampled_from(AS_OF_DAYS))
    few = st.lists(st.sampled_from(_moments(as_of_day)), min_size=4, max_size=8, unique=True)
    as_of = datetime.combine(as_of_day + timedelta(days=1), time())
    sources = _Sources(as_of_day, [as_of, *draw(few)])
    tables = {source: draw(rows) for source, rows in sources.rows().items()}
    empty = st.sets(st.sampled_from(sorted(tables)))  # a file without any row came of these
    return Given(as_of_day, tables, draw(empty) | {source for source in tables if tables[source]})


def _moments(as_of_day: date) -> list[datetime]:
    """Both sides of the last midnights that matter, and the days around the last holidays."""
    days = [as_of_day - timedelta(days=ago) for ago in range(-1, 70)]
    turns = [day for day in days if day.day == 1 or day > as_of_day]
    off = [day for day in days if day.weekday() < 5 and not is_working_day(day)][:4]
    noons = [as_of_day - timedelta(days=ago) for ago in (20, 12, 5)] + [
        day + timedelta(days=step) for day in off for step in (-1, 0, 1)
    ]
    second = timedelta(seconds=1)
    midnights = [datetime.combine(day, time()) for day in turns]
    return [datetime.combine(day, time(12)) for day in noons] + [
        midnight + step for midnight in midnights for step in (-second, timedelta(0), second)
    ]


def _one(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


_FLAG = _one("1", "0")


def _row(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[Row]:
    """A row of which every field may be absent."""
    return st.fixed_dictionaries({}, optional=fields)


def _mostly(strategy: st.SearchStrategy[object], otherwise: object) -> st.SearchStrategy[Any]:
    """Three times out of four; it shrinks to what is otherwise."""
    return st.integers(0, 3).flatmap(lambda drawn: strategy if drawn else st.just(otherwise))


def _some(source: str, rows: Mapping[tuple[str, ...], st.SearchStrategy[Row]]) -> Rows:
    """Most of the rows, which stand under their keys."""
    drawn = st.tuples(*(_mostly(row, None) for row in rows.values()))
    return drawn.map(
        lambda found: [
            _given(dict(zip(KEYS[source], key, strict=True)) | row)
            for key, row in zip(rows, found, strict=True)
            if row is not None
        ]
    )


def _given(row: Row) -> Row:
    return {field: value for field, value in row.items() if value}


_PROCEDURE = _row(
    TenTTHC=_one("Thủ tục"),
    CapThucHien=_one("xa", "tinh", "tinh; xa"),
    MaDonViCongBo=_one("H24", "H30"),
    TrangThai=_one("cong_khai", "cong_khai", "cong_khai_sua_doi", "bai_bo", "chua_cong_khai"),
    DoiTuong=_one("cong_dan", "doanh_nghiep;cong_dan", "co_quan"),
    ThoiHan=_one("1", "2", "0", "0,5", "1.5", "15", "30"),
    DonViThoiHan=_one("ngay_lam_viec", "gio", "ngay", "thang"),
    CoKetQuaGiayTo=_FLAG,
    Phi=_one("8000", "0"),
    LePhi=_one("0.5", "0"),
    PhiDiaGioi=_FLAG,
    LienThong=_FLAG,
    NganhDoc=_FLAG,
    TrinhTuThucHien=_one("Bước 1"),
    CachThucThucHien=_one("Trực tiếp"),
    ThanhPhanHoSo=_one("Tờ khai"),
    CoQuanThucHien=_one("Ủy ban nhân dân"),
)
_COMPLETE = st.just(
    {
        "TenTTHC": "Thủ tục",
        "CapThucHien": "xa",
        "TrangThai": "cong_khai",
        "DoiTuong": "cong_dan",
        "ThoiHan": "3",
        "DonViThoiHan": "ngay_lam_viec",
        "Phi": "8000",
        "TrinhTuThucHien": "Bước 1",
        "CachThucThucHien": "Trực tiếp",
        "ThanhPhanHoSo": "Tờ khai",
        "CoQuanThucHien": "Ủy ban nhân dân",
    }
)
_COMPONENT = _row(
    DuongDanTaiTepTin=_one("https://kho.example/1"),
    DuocSoHoa=_FLAG,
    DuocTaiSuDung=_one("0", "1", "2"),
    DuocLayTuKhoDMQG=_FLAG,
)
_RESULT = _row(
    MaKetQua=_one("KQ-1"),
    DuongDanTepTinKetQua=_one("https://kho.example/2"),
    DongBoKhoDMQG=_FLAG,
)


_COUNTED = ("numerator", "denominator", "ratio", "score", "max_score")
_FIGURES = (
    ("", "", "", "", ""),
    ("0", "0", "", "", "6"),
    ("0", "0", "", "6", "6"),
    ("0", "0", "", "5.99", "6"),
    ("0", "0", "", "5.98", "6"),
    ("1", "1", "100", "6", "6"),
    ("1", "1", "100", "5.99", "6"),
    ("1", "1", "100", "5.98", "6"),
    ("0", "1", "0", "0", "6"),
    ("1", "2", "50", "3", "6"),
    ("2", "1", "12.5", "0.01", "20"),
    ("", "", "100", "2", "2"),
)
_COMPARED = (
    "PETITION_PROCESSING_ON_TIME",
    "ORIGINAL_RESULT_AVAILABLE",
    "DOSSIER_ON_TIME",
    "avgProcessingDays",
    "GROUP_MDHL",
)
_TOTALS = _one("14", "20.5", "20.5", "67.18", "80", "0")


def _total(unit: str) -> st.SearchStrategy[Row]:
    """A published total, of a unit that the portal may name and place, or nothing."""
    level = "COMMUNE" if unit in COMMUNES else "AGENCY" if unit in AGENCIES else "PROVINCE"
    return _row(score=_TOTALS, unit_level=st.just(level), unit_name=st.just(unit))


def _neighbours(period: str) -> Rows:
    """Few or many communes that only the portal knows, with their totals."""
    totals = st.lists(_TOTALS, max_size=2) | st.lists(_TOTALS, min_size=20, max_size=23)
    return totals.map(
        lambda drawn: [
            {
                "unit_code": f"H24.{number}",
                "period": period,
                "metric": "TOTAL",
                "unit_level": "COMMUNE",
                "score": total,
            }
            for number, total in enumerate(drawn, start=101)
        ]
    )


class _Sources:
    """The rows of every source; of the few moments two are often the same or in odd order."""

    def __init__(self, as_of_day: date, few_moments: list[datetime]) -> None:
        moments = st.sampled_from(sorted(few_moments))
        self._time = moments.map(lambda moment: moment.strftime("%Y%m%d%H%M%S"))
        self._day = moments.map(lambda moment: moment.strftime("%Y%m%d"))
        self._coming_day = st.integers(1, 9).map(
            lambda days: (as_of_day + timedelta(days=days)).strftime("%Y%m%d")
        )
        self._year, self._month = str(as_of_day.year), str(as_of_day.month)

    def rows(self) -> dict[str, Rows]:
        unit_procedures = [(unit, code) for unit in UNITS[::2] for code in PROCEDURES[:2]]
        services = [(code, unit) for code in SERVICES for unit in ("", "H24.1", "H24")]
        announcements = [
            (decision, province, code, "moi")
            for decision, province in (("1/QĐ", "H24"), ("2/QĐ", "H24"), ("3/QĐ", "H30"))
            for code in PROCEDURES[:2]
        ]
        national_counts = [
            (unit, self._year, month) for unit in UNITS[::5] for month in ("0", self._month)
        ]
        count = _row(SoHoSoTiepNhan=_one("0", "1", "3"))
        return {
            "units": self._units(),
            "procedures": _some(
                "procedures", {(code,): _COMPLETE | _PROCEDURE for code in PROCEDURES}
            ),
            "unit_procedures": _some("unit_procedures", dict.fromkeys(unit_procedures, _row())),
            "online_services": _some(
                "online_services", {key: self._service(SERVICES[key[0]]) for key in services}
            ),
            "announcements": _some(
                "announcements", dict.fromkeys(announcements, self._announcement())
            ),
            "national_counts": _some("national_counts", dict.fromkeys(national_counts, count)),
            "portal_scores": self._portal_scores(),
            "dossiers": _some("dossiers", {(code,): self._dossier() for code in DOSSIERS}),
            "petitions": _some("petitions", {(code,): self._petition() for code in PETITIONS}),
            "ratings": self._ratings(),
        }

    def _units(self) -> Rows:
        """All but a few."""
        facts = _row(ChungThucBanSaoDienTu=_FLAG, MaGSO=_one("10001", "10002"))
        absent = st.sets(st.sampled_from(UNITS), max_size=2)
        return st.tuples(absent, *[facts] * len(UNITS)).map(
            lambda drawn: [
                _given(_unit(unit) | row)
                for unit, row in zip(UNITS, drawn[1:], strict=True)
                if unit not in drawn[0]
            ]
        )

    def _portal_scores(self) -> Rows:
        """Counts for 1.4, figures of a few indicators, totals; mostly of the last month."""
        month = f"{self._year}-{self._month:0>2}"
        counts = _row(denominator=_one("0", "2", "9"))
        figures = st.sampled_from(_FIGURES).map(
            lambda figure: dict(zip(_COUNTED, figure, strict=True))
        )
        synchronised = {
            (unit, period, "DOSSIER_SYNC"): counts
            for unit in UNITS[::5]
            for period in (self._year, month)
        }
        compared = {
            (unit, month, code): figures
            for unit in ("H24.1", "H30", UNKNOWN_UNIT)
            for code in _COMPARED
        }
        without_counts = {  # as 4.6 is published
            (unit, month, "ELECTRONIC_CERTIFIED_COPY"): _row(score=_one("2", "0", "1.99"))
            for unit in ("H24.1", "H30")
        }
        totals = {(unit, month, "TOTAL"): _total(unit) for unit in (*UNITS, UNKNOWN_UNIT)}
        return st.builds(
            list.__add__,
            _some("portal_scores", synchronised | compared | without_counts | totals),
            _neighbours(month),
        )

    def _service(self, procedure: str) -> st.SearchStrategy[Row]:
        return st.fixed_dictionaries(
            {
                "MaTTHC": st.just(procedure),
                "MucDo": _one("toan_trinh", "mot_phan"),
                "TrangThai": _one("cong_khai", "cho_dung_cong_khai", "kiem_thu", "dung"),
            }
        )

    def _announcement(self) -> st.SearchStrategy[Row]:
        return st.fixed_dictionaries(
            {"NgayQuyetDinh": self._day},
            optional={"NgayHieuLuc": self._day, "NgayCongKhai": self._time},
        )

    def _ratings(self) -> Rows:
        rating = st.fixed_dictionaries(
            {"MaHoSo": st.sampled_from(DOSSIERS), "NgayDanhGia": self._time},
            optional={"MucDo": _one("khong_hai_long", "hai_long", "rat_hai_long")},
        )
        return st.lists(rating, max_size=8, unique_by=lambda row: (*row.values(),)[:2])

    def _dossier(self) -> st.SearchStrategy[Row]:
        supplement = _row(NgayBoSung=self._time, NgayTiepNhanBoSung=self._time)
        return st.fixed_dictionaries(
            {
                "MaTTHC": st.sampled_from((*PROCEDURES, UNKNOWN_PROCEDURE)),
                "TrangThaiHoSo": _one("4", "10", "9", "9", "1", "2", "3", "5", "6", "7", "8"),
                "NgayTiepNhan": _mostly(self._time, ""),
            },
            optional={
                "NgayNopHoSo": self._time,
                "NgayHenTra": self._time | self._day | self._coming_day,
                "NgayKetThucXuLy": self._time,
                "NgayTra": self._time,
                "NgayTuChoi": self._time,
                "DanhSachHoSoBoSung": st.lists(supplement, max_size=3),
                "MaDVC": st.sampled_from(sorted(SERVICES)),
                "KenhThucHien": _one("2", "1", "3"),
                "DaDongBo": _FLAG,
                "MaXaChuHoSo": _one("10001", "10002"),
                "DonViXuLy": _one("Một cửa"),
                "HoSoCoThanhPhanSoHoa": _FLAG,
                "TaiKhoanDuocXacThucVoiVNeID": _FLAG,
                "DuocThanhToanTrucTuyen": _one("0", "1", "2", "3"),
                "DSKetNoiCSDL": st.lists(_row(MaCSDL=_one("7", "3", "17")), max_size=2),
                "TaiLieuNop": st.lists(_COMPONENT, max_size=2),
                "DanhSachLePhi": st.lists(_row(Gia=_one("0", "8000", "0.5")), max_size=2),
                "DanhSachGiayToKetQua": st.lists(_RESULT, max_size=2),
            },
        ).map(_not_done_before_it_was_received)

    def _petition(self) -> st.SearchStrategy[Row]:
        return st.fixed_dictionaries(
            {"MaDonVi": st.sampled_from((*UNITS, UNKNOWN_UNIT)), "NgayGui": self._time},
            optional={
                "PhanLoai": _one("quy_dinh", "hanh_vi", "khac"),
                "NgayChuyenDen": self._time,
                "NgayTiepNhan": self._time,
                "NgayYeuCauBoSung": self._time,
                "NgayTuChoi": self._time,
                "NgayTraLoi": self._time,
                "NgayCongKhai": self._time,
                "LuotThich": _one("0", "1", "2"),
                "LuotKhongThich": _one("0", "1", "2"),
                "MaPAKNTruoc": st.sampled_from(PETITIONS),
                "MaHoSo": st.sampled_from(DOSSIERS),
            },
        )


def _unit(unit: str) -> Row:
    level = "xa" if unit in COMMUNES else "so" if unit in AGENCIES else "tinh"
    return {"MaDonVi": unit, "TenDonVi": unit, "Cap": level, "MaDonViCha": PARENTS.get(unit, "")}


def _not_done_before_it_was_received(row: Row) -> Row:
    """Such a row would be set aside; times as texts compare like times."""
    received, done = row["NgayTiepNhan"], row.get("NgayKetThucXuLy", "")
    return row | {"NgayKetThucXuLy": received} if "" < done < received else row
