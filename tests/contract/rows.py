"""Good rows of every source of the contract under keys of one's own, and what became of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from ..deliveries import DAY, GOOD, ORIGIN, Row, select

ROWS: dict[str, Row] = {
    **GOOD,
    "surveys": {
        "MaPhieu": "KS-1",
        "MaDonVi": "H24.999",
        "NgayKhaoSat": "20261118",
        "DoiTuong": "cong_dan",
        "Cau1": "5",
        "Cau2": "1",
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
        "TyLe": "40",
        "MinhChung": "https://kho.example/nv1",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "dossiers": ("MaHoSo",),
    "petitions": ("MaPAKN",),
    "ratings": ("MaHoSo", "NgayDanhGia"),
    "surveys": ("MaPhieu",),
    "procedures": ("MaTTHC",),
    "online_services": ("MaDVC", "MaDonVi"),
    "announcements": ("SoQuyetDinh", "MaDonVi", "MaTTHC", "LoaiCongBo"),
    "national_counts": ("MaDonVi", "Nam", "Thang"),
    "documents": ("SoKyHieu", "NgayBanHanh", "MaDonVi"),
    "tasks": ("MaNhiemVu", "MaDonVi"),
    "units": ("MaDonVi",),
    "unit_procedures": ("MaDonVi", "MaTTHC"),
    "portal_scores": ("unit_code", "period", "metric"),
}


def keyed(source: str, number: int, **fields: Any) -> Row:
    """The good row of a source under a key that no other number has."""
    return ROWS[source] | {KEYS[source][0]: key(source, number)} | fields


def key(source: str, number: int) -> str:
    if KEYS[source][0] == "MaHoSo":
        return f"H24.999-261120-{number:04}"
    return f"H24.{number:05}"


def stored(source: str, number: int) -> Row | None:
    """The newest version of ``keyed(source, number)``, and nothing of where it came from."""
    found = select(
        f"select * from raw.{source} where {KEYS[source][0]} = %s"
        " order by export_day desc, file_name desc, load_id desc, line desc",
        key(source, number),
    )
    assert len({row["row_key"] for row in found}) <= 1, found
    return {name: found[0][name] for name in found[0] if name not in ORIGIN} if found else None


def content(row: Row | None, source: str) -> Row | None:
    """What a row says, without its key's first field and the fields nobody listed."""
    if row is None:
        return None
    apart = {KEYS[source][0].lower(), "row_key", "unit_code", "extra"}
    return {name: value for name, value in row.items() if name not in apart}


def aside(file_name: str, source: str | None = None, day: date = DAY) -> list[Row]:
    """What was set aside of a file, in the order of its lines."""
    return select(
        "select * from set_aside.row where file_name = %s and export_day = %s"
        " and source = coalesce(%s::text, source) order by line, rule",
        file_name,
        day,
        source,
    )


def load_of(file_name: str, source: str | None = None, day: date = DAY) -> Row:
    """The newest load of a file."""
    found = select(
        "select * from ops.load join ops.file using (file_id) where file_name = %s"
        " and export_day = %s and source = coalesce(%s::text, source)"
        " order by load_id desc limit 1",
        file_name,
        day,
        source,
    )
    assert found, f"{file_name} was not read"
    return found[0]


def counts(file_name: str, source: str | None = None, day: date = DAY) -> tuple[int, int, int]:
    """Rows read, accepted, set aside; the list of those set aside is as long as its count."""
    load = load_of(file_name, source, day)
    assert load["state"] == "loaded", load["refusal"]
    assert load["rows_read"] == load["rows_accepted"] + load["rows_set_aside"]
    assert len(aside(file_name, source, day)) == load["rows_set_aside"]
    return load["rows_read"], load["rows_accepted"], load["rows_set_aside"]


def assert_one_sentence(refusal: str, file_name: str) -> None:
    """One Vietnamese sentence that names the file."""
    assert file_name in refusal
    rest = refusal.replace(file_name, "")
    assert rest.rstrip().endswith(".")
    assert not re.search(r"[.!?]\s+[A-ZĐÀ-Ỹ]", rest), refusal
    assert "\n" not in refusal
    assert re.search(r"[ạảãàáâậầấẩẫăắằặẳẵóòọõỏôộổỗồốơờớợởỡéèẻẹẽêếềệểễúùụủũưựữửừứíìịỉĩýỳỷỵỹđ]", rest)
