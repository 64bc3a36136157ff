"""The newest version of every row in the drop folder (contract of exports)."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from ..files_read import Sheet, is_sheet, plain_number, sheet_of, text_of
from .answers import rows_of

Row = dict[str, Any]
Place = tuple[date, str, str, int]
"""Export day, source, file name and line of a row."""

KEYS = {
    "dossiers": ("MaHoSo",),
    "petitions": ("MaPAKN",),
    "ratings": ("MaHoSo", "NgayDanhGia"),
    "procedures": ("MaTTHC",),
    "online_services": ("MaDVC", "MaDonVi"),
    "announcements": ("SoQuyetDinh", "MaDonVi", "MaTTHC", "LoaiCongBo"),
    "national_counts": ("MaDonVi", "Nam", "Thang"),
    "documents": ("SoKyHieu", "NgayBanHanh", "MaDonVi"),
    "surveys": ("MaPhieu",),
    "tasks": ("MaNhiemVu", "MaDonVi"),
    "units": ("MaDonVi",),
    "unit_procedures": ("MaDonVi", "MaTTHC"),
    "portal_scores": ("unit_code", "period", "metric"),
}
LISTS = {
    "DSKetNoiCSDL",
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachGiayToKetQua",
    "DanhSachHoSoBoSung",
}
LOCAL = timezone(timedelta(hours=7))
_LAYOUTS = (
    (r"\d{14}", "%Y%m%d%H%M%S"),
    (r"\d{8}", "%Y%m%d"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%d/%m/%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}", "%d/%m/%Y %H:%M"),
    (r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}", "%d/%m/%Y %H:%M:%S"),
)


def to_time(text: str | None) -> datetime | None:
    """A local time; a day without a time is 00:00."""
    if not text:
        return None
    for form, layout in _LAYOUTS:
        if re.fullmatch(form, text):
            return datetime.strptime(text, layout)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(LOCAL).replace(tzinfo=None) if moment.tzinfo else moment


def to_due_time(text: str | None) -> datetime | None:
    """NgayHenTra: a day without a time is its last second."""
    moment = to_time(text)
    if moment and text and re.fullmatch(r"\d{8}|\d+/\d+/\d{4}|\d{4}-\d\d-\d\d", text):
        return moment.replace(hour=23, minute=59, second=59)
    return moment


def to_number(text: str | None) -> Fraction:
    """A number; not given is 0."""
    return Fraction(text.replace(",", ".")) if text else Fraction(0)


def to_period(text: str) -> str:
    """A period as the portal's pulls name it: 2026-year is the year 2026."""
    return text.removesuffix("-year")


def to_set(text: str | None) -> frozenset[str]:
    """The values of a field that takes several, separated by semicolons."""
    return frozenset(value.strip() for value in (text or "").split(";")) - {""}


class Known(Protocol):
    """The newest rows of every source, and the sources of which a file was read."""

    @property
    def read(self) -> Collection[str]: ...

    def newest(self, source: str) -> list[Row]: ...

    def pulls(self) -> list[tuple[date, Row]]: ...


class Exports:
    """The drop folder read in the order of versions.

    ``tables``: source -> key -> row of the fields given (texts, lists of such rows).
    ``read``: the sources of which a file was read. ``refused``: the files that cannot be.
    """

    def __init__(self, folder: Path, set_aside: frozenset[Place] = frozenset()) -> None:
        self.tables: dict[str, dict[tuple[object, ...], Row]] = {source: {} for source in KEYS}
        self.pulled: dict[tuple[date, tuple[object, ...]], Row] = {}
        self.read: set[str] = set()
        self.refused: set[tuple[date, str, str]] = set()
        self.days = sorted(date.fromisoformat(day.name) for day in folder.iterdir() if day.is_dir())
        for day in self.days:
            for path in _files(folder / day.isoformat()):
                self._read_file(path, day, set_aside)

    def _read_file(self, path: Path, day: date, set_aside: frozenset[Place]) -> None:
        source = path.parent.name
        try:
            rows = list(_rows(path, source))
        except (ValueError, OSError, EOFError):
            self.refused.add((day, source, path.name))
            return
        self.read.add(source)
        table = self.tables[source]
        for line, row in rows:
            if (day, source, path.name, line) in set_aside or row is None:
                continue
            given = {field: value for field, value in row.items() if value}
            key = _key(source, given)
            if _is_table(path):  # an absent column leaves the older value
                older = table.get(key, {})
                given |= {field: older[field] for field in older if field not in row}
            table[key] = given
            if source == "portal_scores":
                self.pulled[day, key] = given

    def newest(self, source: str) -> list[Row]:
        return list(self.tables[source].values())

    def pulls(self) -> list[tuple[date, Row]]:
        """What the portal had published, as every day brought it."""
        return [(day, row) for (day, _), row in self.pulled.items()]


def _files(day: Path) -> list[Path]:
    return sorted(day.glob("*/*"), key=lambda path: path.name.encode())


def _is_table(path: Path) -> bool:
    return is_sheet(path) or path.name.removesuffix(".gz").endswith(".csv")


def _key(source: str, row: Row) -> tuple[object, ...]:
    def value(field: str) -> object:
        text = row.get(field, "")
        if field in ("NgayDanhGia", "NgayBanHanh"):
            return to_time(text)
        if field in ("Nam", "Thang"):
            return to_number(text)
        if field == "period":
            return to_period(text)
        return text

    return tuple(value(field) for field in KEYS[source])


def _rows(path: Path, source: str) -> Iterator[tuple[int, Row | None]]:
    if is_sheet(path):
        return _sheet_rows(sheet_of(path), source)
    text = text_of(path)
    if _is_table(path):
        return _table_rows(text, source)
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        return _line_rows(text)
    message = json.loads(text)
    if source == "portal_scores" and "code" in message:
        return enumerate(rows_of(path.name, message), start=1)
    rows = message["data"] if isinstance(message, dict) else message
    return ((place, _clean(row)) for place, row in enumerate(rows, start=1))


def _sheet_rows(sheet: Sheet, source: str) -> Iterator[tuple[int, Row | None]]:
    fields = [_field(title, source) for title in sheet.titles]
    for number, cells in sheet.rows.items():
        row = _table_row(fields, cells)
        if row and "SoHoSoTiepNhan" in row:
            row["SoHoSoTiepNhan"] = plain_number(row["SoHoSoTiepNhan"])
        yield number, row


def _line_rows(text: str) -> Iterator[tuple[int, Row | None]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            yield line, _json_or_none(content)


def _json_or_none(text: str) -> Any:
    try:
        return _clean(json.loads(text))
    except ValueError:
        return None


def _table_rows(text: str, source: str) -> Iterator[tuple[int, Row | None]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    fields = [_field(title, source) for title in next(reader)]
    for cells in reader:
        if cells:
            yield reader.line_num, _table_row(fields, cells)


def _table_row(fields: list[str], cells: list[str]) -> Row | None:
    if len(cells) > len(fields):
        return None
    cells = cells + [""] * (len(fields) - len(cells))
    row: Row = {}
    for field, cell in zip(fields, cells, strict=True):
        value = _clean(cell)
        row[field] = _json_or_none(value) if field in LISTS and value else value
        if row[field] is None:
            return None
    return row


def _clean(value: Any) -> Any:
    """Texts of all values, composed and without blanks around."""
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if value is None:
        return ""
    return unicodedata.normalize("NFC", str(value)).strip()


def _folded(title: str) -> str:
    """A title without marks, case and what is between its words."""
    plain = unicodedata.normalize("NFD", title.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def _fields_by_title() -> dict[tuple[str, str], str]:
    aliases = (files("chiso766") / "aliases").iterdir()
    lines = (path.read_text(encoding="utf-8").splitlines() for path in aliases)
    rows = (row for of_file in lines for row in csv.DictReader(of_file))
    return {(row["source"], _folded(row["title"])): row["field"] for row in rows}


_ALIASES = _fields_by_title()
_FIELD_NAMES = """
MaHoSo MaTTHC TenTTHC MaLinhVuc TenLinhVuc MaDVC KenhThucHien NgayNopHoSo NgayTiepNhan
NgayHenTra NgayKetThucXuLy NgayTra NgayTuChoi TrangThaiHoSo HoSoCoThanhPhanSoHoa
TaiKhoanDuocXacThucVoiVNeID DuocThanhToanTrucTuyen DaDongBo DSKetNoiCSDL TaiLieuNop
DanhSachLePhi DanhSachGiayToKetQua DanhSachHoSoBoSung MaPAKN MaDonVi PhanLoai NgayGui
NgayChuyenDen NgayYeuCauBoSung NgayTraLoi NgayCongKhai LuotThich LuotKhongThich
MaPAKNTruoc NgayDanhGia MucDo CapThucHien MaDonViCongBo TrangThai DoiTuong TrinhTuThucHien
CachThucThucHien ThanhPhanHoSo CoQuanThucHien ThoiHan DonViThoiHan CoKetQuaGiayTo Phi
LePhi SoQuyetDinh NgayQuyetDinh LoaiCongBo NgayHieuLuc Nam Thang SoHoSoTiepNhan TenDonVi
Cap MaDonViCha ChungThucBanSaoDienTu MaPhieu NgayKhaoSat SoKyHieu NgayBanHanh GuiDienTu
KySoCaNhan KySoCoQuan MaNhiemVu TenNhiemVu KeHoach HanHoanThanh NgayHoanThanh TyLe MinhChung
"""
_FIELDS = {name.lower(): name for name in _FIELD_NAMES.split()}


def _field(title: str, source: str) -> str:
    """The field of a column title, else of its last level; an unknown one keeps its title."""
    for folded in map(_folded, (title, title.rpartition("|")[2])):
        field = _ALIASES.get((source, folded)) or _FIELDS.get(folded)
        if field:
            return field
    return str(_clean(title))
