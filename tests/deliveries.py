"""Exports as tests deliver them to the drop folder, and what the load makes of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from chiso766 import settings
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.fetch import fetch_day
from chiso766.sources import SOURCES

Row = dict[str, Any]

DAY = date(2026, 11, 20)

# A good row of every source, all fields that the contract lists values or forms for given.
DOSSIER: Row = {
    "MaHoSo": "H24.999-261120-0007",
    "MaTTHC": "1.004227",
    "TenTTHC": "Đăng ký khai sinh",
    "KenhThucHien": "2",
    "NgayNopHoSo": "20261119200000",
    "NgayTiepNhan": "20261120083000",
    "NgayHenTra": "20261123",
    "NgayKetThucXuLy": "20261120160000",
    "NgayTra": "20261120163000",
    "TrangThaiHoSo": "10",
    "HinhThuc": "0",
    "NguoiXuLy": "Cán bộ Một Cửa",
    "HoSoCoThanhPhanSoHoa": "1",
    "TaiKhoanDuocXacThucVoiVNeID": "1",
    "DuocThanhToanTrucTuyen": "3",
    "DaDongBo": "1",
    "MaXaChuHoSo": "10507",
    "DSKetNoiCSDL": [{"MaCSDL": "7"}],
    "TaiLieuNop": [
        {
            "TenTepDinhKem": "to khai.pdf",
            "DuongDanTaiTepTin": "https://kho.example/1",
            "DuocSoHoa": "1",
            "DuocTaiSuDung": "2",
            "DuocLayTuKhoDMQG": "0",
        }
    ],
    "DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí", "Gia": "8000"}],
    "DanhSachGiayToKetQua": [
        {"MaKetQua": "KQ-1", "DuongDanTepTinKetQua": "https://kho.example/2", "DongBoKhoDMQG": "1"}
    ],
    "DanhSachHoSoBoSung": [
        {
            "HoSoBoSungId": "1",
            "NgayBoSung": "20261120090000",
            "NgayTiepNhanBoSung": "20261120100000",
            "NgayHenTraTruoc": "20261122",
            "NgayHenTraMoi": "20261123",
        }
    ],
}
GOOD: Mapping[str, Row] = {
    "dossiers": DOSSIER,
    "petitions": {
        "MaPAKN": "PA-1",
        "MaDonVi": "H24.999",
        "PhanLoai": "hanh_vi",
        "NgayGui": "20261101080000",
        "NgayChuyenDen": "20261102080000",
        "NgayTiepNhan": "20261103080000",
        "NgayYeuCauBoSung": "20261104080000",
        "NgayTuChoi": "20261105080000",
        "NgayTraLoi": "20261106080000",
        "NgayCongKhai": "20261107080000",
        "LuotThich": "3",
        "LuotKhongThich": "0",
        "MaHoSo": "H24.999-261020-0001",
    },
    "ratings": {
        "MaHoSo": "H24.999-261120-0007",
        "NgayDanhGia": "20261120170000",
        "MucDo": "rat_hai_long",
    },
    "surveys": {
        "MaPhieu": "KS-1",
        "MaDonVi": "H24.999",
        "NgayKhaoSat": "20261118",
        "DoiTuong": "cong_dan",
        "Thái độ của cán bộ": "5",
        "Thời gian chờ": "1",
    },
    "documents": {
        "SoKyHieu": "15/UBND-VP",
        "NgayBanHanh": "20261117",
        "MaDonVi": "H24.999",
        "GuiDienTu": "1",
        "KySoCaNhan": "1",
        "KySoCoQuan": "0",
    },
    "tasks": {
        "MaNhiemVu": "NV-1",
        "TenNhiemVu": "Số hóa hồ sơ còn lưu",
        "KeHoach": "12/KH-UBND",
        "MaDonVi": "H24.999",
        "HanHoanThanh": "20261231",
        "NgayHoanThanh": "20261119",
        "TrangThai": "dang_lam",
        "TyLe": "40,5",
        "MinhChung": "https://kho.example/nv1",
        "GhiChu": "chờ máy quét",
    },
    "procedures": {
        "MaTTHC": "1.004227",
        "TenTTHC": "Đăng ký khai sinh",
        "CapThucHien": "tinh; xa",
        "MaDonViCongBo": "H24",
        "TrangThai": "cong_khai",
        "DoiTuong": "cong_dan;co_quan",
        "ThoiHan": "0,5",
        "DonViThoiHan": "ngay_lam_viec",
        "CoKetQuaGiayTo": "1",
        "Phi": "0",
        "LePhi": "8000",
        "DuDieuKienToanTrinh": "1",
        "PhiDiaGioi": "0",
        "LienThong": "0",
        "NganhDoc": "0",
    },
    "online_services": {
        "MaDVC": "DVC-1",
        "MaTTHC": "1.004227",
        "MucDo": "toan_trinh",
        "TrangThai": "kiem_thu",
        "MaDonVi": "",
    },
    "announcements": {
        "SoQuyetDinh": "12/QĐ-UBND",
        "NgayQuyetDinh": "20261102",
        "MaDonVi": "H24",
        "LoaiCongBo": "sua_doi",
        "MaTTHC": "1.004227",
        "NgayHieuLuc": "20261110",
        "NgayCongKhai": "20261105",
    },
    "national_counts": {"MaDonVi": "H24.999", "Nam": "2026", "Thang": "11", "SoHoSoTiepNhan": "57"},
    "units": {
        "MaDonVi": "H24.999",
        "TenDonVi": "Phường Nhị Chiểu",
        "Cap": "xa",
        "MaDonViCha": "H24",
        "MaGSO": "10507",
        "ChungThucBanSaoDienTu": "1",
    },
    "unit_procedures": {"MaDonVi": "H24.999", "MaTTHC": "1.004227"},
    "portal_scores": {
        "source": "details_Communes",
        "period": "2026",
        "unit_code": "H24.999",
        "unit_name": "Phường Nhị Chiểu",
        "unit_level": "COMMUNE",
        "metric": "DOSSIER_SYNC",
        "numerator": "1943",
        "denominator": "2018",
        "ratio": "0.9628",
        "score": "5.78",
        "max_score": "6",
    },
}


@pytest.fixture
def empty_warehouse(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse, drop folder and landing area with nothing in them, for one test."""
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CHISO_EXPORTS", str(tmp_path / "exports"))
    empty()


def empty() -> None:
    """Forget everything that was fetched and loaded."""
    tables = [f"raw.{source}" for source in SOURCES]
    with connect() as connection:
        connection.execute(
            f"truncate {', '.join(tables)}, set_aside.row, ops.load, ops.file, ops.night,"
            " ops.reload, ops.pseudonym_key, ops.purge,"
            " personal.row, ops.personal_purge".encode()
        )


def deliver(source: str, file_name: str, content: Iterable[Row] | bytes, day: date = DAY) -> Path:
    """Put a file into the drop folder, written as its name says; bytes are put as they are."""
    path = settings.load().exports / day.isoformat() / source / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else written(file_name, list(content)))
    return path


def written(file_name: str, rows: list[Row]) -> bytes:
    """The rows in the format that the name's ending tells."""
    plain = file_name.removesuffix(".gz")
    if plain.endswith(".jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif plain.endswith(".json"):
        text = json.dumps({"service": "DongBoHoSoMC", "madonvi": "H24.999", "data": rows})
    else:
        text = _csv(rows)
    return gzip.compress(text.encode()) if plain != file_name else text.encode()


def _csv(rows: list[Row]) -> str:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(dict.fromkeys(field for row in rows for field in row)))
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()}
        )
    return table.getvalue()


def load_days(*days: date) -> None:
    """Fetch and check the days one after the other, as nights do."""
    for day in days or (DAY,):
        fetch_day(day)
        check_day(day)


def select(query: str, *parameters: Any) -> list[Row]:
    with connect() as connection:
        return (
            connection.cursor(row_factory=dict_row).execute(query.encode(), parameters).fetchall()
        )


def newest(source: str) -> dict[str, Row]:
    """The newest version of every row by its key, without what says how it came."""
    rows = select(
        f"select distinct on (row_key) * from raw.{source} order by row_key, export_day desc,"
        " file_name desc, load_id desc, line desc"
    )
    return {row["row_key"]: {k: row[k] for k in row if k not in ORIGIN} for row in rows}


ORIGIN = ("load_id", "export_day", "file_name", "line", "content_hash")


def loads() -> list[Row]:
    """The newest load of every file, in the order of the files."""
    return select(
        "select distinct on (export_day, source, file_name, file_id) * from ops.load"
        " join ops.file using (file_id) order by export_day, source, file_name, file_id,"
        " load_id desc"
    )


def set_aside() -> list[Row]:
    return select("select * from set_aside.row order by source, export_day, file_name, line")


def open_rows() -> list[Row]:
    """The rows set aside that no export has corrected."""
    return [row for row in set_aside() if row["healed_load_id"] is None]
