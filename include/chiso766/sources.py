"""What each source delivers: its fields, their kinds and its key.

One place says how a field of an export is read and stored; the reader, the loader and the tables of
schema ``raw`` follow it. Which values are acceptable is not said here but in ``expectations/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How the text of a field is read; the value is its column's type in ``raw``."""

    TEXT = ("text", "as given")
    PERIOD = ("text", "2026-11, 2026-Q4 or 2026, which may be written 2026-year")
    CODE = ("integer", "a listed number: flag, status, channel; equal by value, 09 is 9")
    NUMBER = ("numeric", "0.5 or 0,5; never negative")
    TIME = ("timestamp", "a local time; a day alone is its first second")
    DUE_TIME = ("timestamp", "a local time; a day alone is its last second")
    LIST = ("jsonb", "a list of objects, reduced to its known items, each a text")
    HASHED = ("text", "personal: only its keyed hash is stored")
    LINK = ("text", "may hold a name or a token: stored as 1 where it is given")

    @property
    def sql_type(self) -> str:
        return self.value[0]


@dataclass(frozen=True)
class Source:
    """One source of exports.

    ``fields``: field of the contract -> kind, in the order of the columns in ``raw``.
    ``key``: the fields that identify a row. ``items``: list field -> its known item fields.
    ``dropped``: personal fields, stored in no form but that of ``personal.py``. ``dropped_items``:
    item fields that are not stored either, named because most exports have them. ``identity``: of
    the dropped fields those with numbers of identity papers, which are stored in no form at all.
    ``reads_dropped``: tables are read with their dropped columns, but those.
    ``unit``: the field that names the unit; ``MaHoSo`` begins with it. ``blank_key``: key fields
    that may be empty.
    ``optional``: nobody is warned when it sends nothing.
    ``by_day``: each export day on which a row comes is a version of its own, changed or not.
    ``is_spread``: on Citus its rows are spread over the workers, by the unit's code, which they
    carry in a column of its own.
    """

    name: str
    key: tuple[str, ...]
    fields: Mapping[str, Kind]
    items: Mapping[str, Mapping[str, Kind]]
    dropped: frozenset[str] = frozenset()
    dropped_items: frozenset[str] = frozenset()
    identity: frozenset[str] = frozenset()
    reads_dropped: bool = False
    unit: str = "MaDonVi"
    blank_key: frozenset[str] = frozenset()
    optional: bool = False
    by_day: bool = False
    is_spread: bool = False


_T, _C, _N, _TIME = Kind.TEXT, Kind.CODE, Kind.NUMBER, Kind.TIME

_DOSSIERS = Source(
    name="dossiers",
    key=("MaHoSo",),
    fields={
        "MaHoSo": _T,
        "MaTTHC": _T,
        "TenTTHC": _T,
        "MaLinhVuc": _T,
        "TenLinhVuc": _T,
        "MaDVC": _T,
        "KenhThucHien": _C,
        "NgayNopHoSo": _TIME,
        "NgayTiepNhan": _TIME,
        "NgayHenTra": Kind.DUE_TIME,
        "NgayKetThucXuLy": _TIME,
        "NgayTra": _TIME,
        "NgayTuChoi": _TIME,
        "TrangThaiHoSo": _C,
        "HinhThuc": _C,
        "DonViXuLy": _T,
        "NguoiXuLy": Kind.HASHED,
        "HoSoCoThanhPhanSoHoa": _C,
        "TaiKhoanDuocXacThucVoiVNeID": _C,
        "DuocThanhToanTrucTuyen": _C,
        "DaDongBo": _C,
        "MaXaChuHoSo": _T,
        "DSKetNoiCSDL": Kind.LIST,
        "TaiLieuNop": Kind.LIST,
        "DanhSachLePhi": Kind.LIST,
        "DanhSachGiayToKetQua": Kind.LIST,
        "DanhSachHoSoBoSung": Kind.LIST,
    },
    items={
        "DSKetNoiCSDL": {"MaCSDL": _T},
        "TaiLieuNop": {
            "DuongDanTaiTepTin": Kind.LINK,
            "DuocSoHoa": _C,
            "DuocTaiSuDung": _C,
            "DuocLayTuKhoDMQG": _C,
            "MaKetQuaThayThe": Kind.LINK,
        },
        "DanhSachLePhi": {
            "TenPhiLePhi": _T,
            "MaPhiLePhi": _T,
            "HinhThucThu": _T,
            "Gia": _N,
            "LoaiPhiLePhi": _T,
        },
        "DanhSachGiayToKetQua": {
            "MaKetQua": Kind.LINK,
            "MaGiayToKetQua": Kind.LINK,
            "DuongDanTepTinKetQua": Kind.LINK,
            "DongBoKhoDMQG": _C,
        },
        "DanhSachHoSoBoSung": {
            "HoSoBoSungId": _T,
            "NgayBoSung": _TIME,
            "NgayTiepNhanBoSung": _TIME,
            "NgayHenTraTruoc": Kind.DUE_TIME,
            "NgayHenTraMoi": Kind.DUE_TIME,
        },
    },
    dropped=frozenset(
        {
            "ChuHoSo",
            "SoGiayToChuHoSo",
            "DinhDanhCHS",
            "SoDienThoai",
            "Email",
            "Fax",
            "DiaChi",
            "TrichYeuHoSo",
            "GhiChu",
            "ThongTinKhac",
        }
    ),
    identity=frozenset({"SoGiayToChuHoSo", "DinhDanhCHS"}),
    dropped_items=frozenset({"TenTepDinhKem", "TenGiayTo", "NoiDungBoSung"}),
    unit="MaHoSo",
    is_spread=True,
)

_PETITIONS = Source(
    name="petitions",
    key=("MaPAKN",),
    fields={
        "MaPAKN": _T,
        "MaDonVi": _T,
        "PhanLoai": _T,
        "LinhVuc": _T,
        "NgayGui": _TIME,
        "NgayChuyenDen": _TIME,
        "NgayTiepNhan": _TIME,
        "NgayYeuCauBoSung": _TIME,
        "NgayTuChoi": _TIME,
        "NgayTraLoi": _TIME,
        "NgayCongKhai": _TIME,
        "TrangThai": _T,
        "LuotThich": _N,
        "LuotKhongThich": _N,
        "MaPAKNTruoc": _T,
        "MaHoSo": _T,
    },
    items={},
    dropped=frozenset({"TieuDe", "NoiDung", "NguoiGui", "SoDienThoai", "Email"}),
)

_RATINGS = Source(
    name="ratings",
    key=("MaHoSo", "NgayDanhGia"),
    fields={"MaHoSo": _T, "NgayDanhGia": _TIME, "MucDo": _T},
    items={},
    dropped=frozenset({"NoiDung"}),
    unit="MaHoSo",
)

_PROCEDURES = Source(
    name="procedures",
    key=("MaTTHC",),
    fields={
        "MaTTHC": _T,
        "TenTTHC": _T,
        "MaLinhVuc": _T,
        "TenLinhVuc": _T,
        "CapThucHien": _T,
        "MaDonViCongBo": _T,
        "TrangThai": _T,
        "DoiTuong": _T,
        "TrinhTuThucHien": _T,
        "CachThucThucHien": _T,
        "ThanhPhanHoSo": _T,
        "CoQuanThucHien": _T,
        "ThoiHan": _N,
        "DonViThoiHan": _T,
        "CoKetQuaGiayTo": _C,
        "Phi": _N,
        "LePhi": _N,
        "DuDieuKienToanTrinh": _C,
        "PhiDiaGioi": _C,
        "LienThong": _C,
        "NganhDoc": _C,
    },
    items={},
    unit="MaDonViCongBo",
)

_ONLINE_SERVICES = Source(
    name="online_services",
    key=("MaDVC", "MaDonVi"),
    fields={"MaDVC": _T, "MaTTHC": _T, "MucDo": _T, "TrangThai": _T, "MaDonVi": _T},
    items={},
    blank_key=frozenset({"MaDonVi"}),
)

_ANNOUNCEMENTS = Source(
    name="announcements",
    key=("SoQuyetDinh", "MaDonVi", "MaTTHC", "LoaiCongBo"),
    fields={
        "SoQuyetDinh": _T,
        "NgayQuyetDinh": _TIME,
        "MaDonVi": _T,
        "LoaiCongBo": _T,
        "MaTTHC": _T,
        "NgayHieuLuc": _TIME,
        "NgayCongKhai": _TIME,
    },
    items={},
)

_NATIONAL_COUNTS = Source(
    name="national_counts",
    key=("MaDonVi", "Nam", "Thang"),
    fields={"MaDonVi": _T, "Nam": _N, "Thang": _N, "SoHoSoTiepNhan": _N},
    items={},
)

_UNITS = Source(
    name="units",
    key=("MaDonVi",),
    fields={
        "MaDonVi": _T,
        "TenDonVi": _T,
        "Cap": _T,
        "MaDonViCha": _T,
        "MaGSO": _T,
        "ChungThucBanSaoDienTu": _C,
    },
    items={},
)

_UNIT_PROCEDURES = Source(
    name="unit_procedures",
    key=("MaDonVi", "MaTTHC"),
    fields={"MaDonVi": _T, "MaTTHC": _T},
    items={},
    optional=True,
)

_SURVEYS = Source(
    name="surveys",
    key=("MaPhieu",),
    # The questions are whatever other columns there are; their answers stand in ``extra``.
    fields={"MaPhieu": _T, "MaDonVi": _T, "NgayKhaoSat": _TIME, "DoiTuong": _T},
    items={},
)

_DOCUMENTS = Source(
    name="documents",
    key=("SoKyHieu", "NgayBanHanh", "MaDonVi"),
    fields={
        "SoKyHieu": _T,
        "NgayBanHanh": _TIME,
        "MaDonVi": _T,
        "GuiDienTu": _C,
        "KySoCaNhan": _C,
        "KySoCoQuan": _C,
    },
    items={},
    dropped=frozenset({"TrichYeu"}),
)

_TASKS = Source(
    name="tasks",
    key=("MaNhiemVu", "MaDonVi"),
    fields={
        "MaNhiemVu": _T,
        "TenNhiemVu": _T,
        "KeHoach": _T,
        "MaDonVi": _T,
        "HanHoanThanh": _TIME,
        "NgayHoanThanh": _TIME,
        "TrangThai": _T,
        "TyLe": _N,
        "MinhChung": _T,
        "GhiChu": _T,
    },
    items={},
)

_PORTAL_SCORES = Source(
    name="portal_scores",
    key=("unit_code", "period", "metric"),
    fields={
        "source": _T,
        "period": Kind.PERIOD,
        "unit_code": _T,
        "unit_name": _T,
        "unit_level": _T,
        "metric": _T,
        "numerator": _N,
        "denominator": _N,
        "ratio": _N,
        "score": _N,
        "max_score": _N,
    },
    items={},
    unit="unit_code",
    optional=True,
    by_day=True,
)

SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        _UNITS,
        _PROCEDURES,
        _UNIT_PROCEDURES,
        _ONLINE_SERVICES,
        _ANNOUNCEMENTS,
        _NATIONAL_COUNTS,
        _DOSSIERS,
        _PETITIONS,
        _RATINGS,
        _SURVEYS,
        _DOCUMENTS,
        _TASKS,
        _PORTAL_SCORES,
    )
}
"""The sources in the order in which a day's exports are loaded."""
