"""A clean sample is strictly what the contract of exports says."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unicodedata import normalize

import openpyxl
import pytest

from chiso766.readers import reading
from chiso766.sample.layouts import Layout
from chiso766.sample.sheets import WorkbookFile
from chiso766.sample.surveys import QUESTIONS
from chiso766.sample.units import PROVINCE
from chiso766.sources import SOURCES, Kind

from ..files_read import text_of
from .exports_read import FIRST_DAY, LAST_DAY, LISTS, Sample, compact, read_rows

FLAG = {"0", "1"}
# What the unit's own systems export; test_portal.py has the Portal's answers.
SAMPLED = [source for source in SOURCES if source != "portal_scores"]
LISTED: dict[tuple[str, str], set[str]] = {
    ("dossiers", "KenhThucHien"): {"", "1", "2", "3"},
    ("dossiers", "TrangThaiHoSo"): {str(code) for code in range(1, 11)},
    ("dossiers", "HinhThuc"): FLAG,
    ("dossiers", "HoSoCoThanhPhanSoHoa"): FLAG,
    ("dossiers", "TaiKhoanDuocXacThucVoiVNeID"): FLAG,
    ("dossiers", "DuocThanhToanTrucTuyen"): {"0", "1", "2", "3"},
    ("dossiers", "DaDongBo"): FLAG,
    ("petitions", "PhanLoai"): {"quy_dinh", "hanh_vi", "khac"},
    ("ratings", "MucDo"): {"rat_hai_long", "hai_long", "khong_hai_long"},
    ("procedures", "TrangThai"): {"cong_khai", "cong_khai_sua_doi", "bai_bo", "chua_cong_khai"},
    ("procedures", "DonViThoiHan"): {"", "gio", "ngay_lam_viec", "ngay", "thang"},
    ("procedures", "CoKetQuaGiayTo"): FLAG,
    ("procedures", "DuDieuKienToanTrinh"): FLAG,
    ("procedures", "PhiDiaGioi"): FLAG,
    ("procedures", "LienThong"): FLAG,
    ("procedures", "NganhDoc"): FLAG,
    ("online_services", "MucDo"): {"toan_trinh", "mot_phan"},
    ("online_services", "TrangThai"): {"cong_khai", "cho_dung_cong_khai", "kiem_thu", "dung"},
    ("announcements", "LoaiCongBo"): {"moi", "sua_doi", "bai_bo"},
    ("documents", "GuiDienTu"): FLAG,
    ("documents", "KySoCaNhan"): FLAG,
    ("documents", "KySoCoQuan"): FLAG,
    **{("surveys", question): {"", "1", "2", "3", "4", "5"} for question in QUESTIONS},
    ("units", "Cap"): {"tinh", "so", "xa"},
    ("units", "ChungThucBanSaoDienTu"): FLAG,
}
LISTED_SEVERAL = {
    "CapThucHien": {"tinh", "xa"},
    "DoiTuong": {"cong_dan", "doanh_nghiep", "co_quan"},
}
ITEM_FIELDS = {
    "DSKetNoiCSDL": {"MaCSDL"},
    "TaiLieuNop": {
        "TenTepDinhKem",
        "DuongDanTaiTepTin",
        "DuocSoHoa",
        "DuocTaiSuDung",
        "DuocLayTuKhoDMQG",
        "MaKetQuaThayThe",
    },
    "DanhSachLePhi": {"TenPhiLePhi", "MaPhiLePhi", "HinhThucThu", "Gia", "LoaiPhiLePhi"},
    "DanhSachGiayToKetQua": {"TenGiayTo", "MaKetQua", "DuongDanTepTinKetQua", "DongBoKhoDMQG"},
    "DanhSachHoSoBoSung": {
        "HoSoBoSungId",
        "NgayBoSung",
        "NgayTiepNhanBoSung",
        "NgayHenTraTruoc",
        "NgayHenTraMoi",
        "NoiDungBoSung",
    },
    "DinhDanhCHS": {"LoaiDinhDanh", "SoDinhDanh"},
}


def time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S" if len(text) == 14 else "%Y%m%d")


def times(row: dict[str, Any], *fields: str) -> list[datetime]:
    return [time(row[field]) for field in fields if row[field]]


def midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(days=1)


@pytest.mark.parametrize("source", SAMPLED)
def test_a_row_has_the_fields_of_its_source(sample: Sample, source: str) -> None:
    spec = SOURCES[source]
    expected = set(spec.fields) | spec.dropped | set(QUESTIONS if source == "surveys" else ())
    rows = sample.rows(source)
    assert rows
    assert all(set(exported.row) == expected for exported in rows)


@pytest.mark.parametrize("source", SAMPLED)
def test_keys_are_given(sample: Sample, source: str) -> None:
    spec = SOURCES[source]
    for exported in sample.rows(source):
        assert all(exported.row[field] != "" for field in spec.key if field not in spec.blank_key)


@pytest.mark.parametrize("source", SAMPLED)
def test_a_row_comes_once_a_night(sample: Sample, source: str) -> None:
    keys = [
        (exported.night, *(str(exported.row[field]) for field in SOURCES[source].key))
        for exported in sample.rows(source)
    ]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("source", "field"), LISTED)
def test_a_listed_field_has_listed_values(sample: Sample, source: str, field: str) -> None:
    assert {exported.row[field] for exported in sample.rows(source)} <= LISTED[source, field]


def test_a_procedure_names_listed_levels_and_audiences(sample: Sample) -> None:
    for exported in sample.rows("procedures"):
        for field, values in LISTED_SEVERAL.items():
            assert set(exported.row[field].split(";")) <= values


def test_every_status_and_channel_occurs(sample: Sample) -> None:
    dossiers = [exported.row for exported in sample.rows("dossiers")]
    assert {row["TrangThaiHoSo"] for row in dossiers} == {str(code) for code in range(1, 11)}
    assert {row["KenhThucHien"] for row in dossiers} == {"1", "2", "3"}


@pytest.mark.parametrize("source", SAMPLED)
def test_what_happened_is_a_time_before_the_night_ended(sample: Sample, source: str) -> None:
    kinds = SOURCES[source].fields.items()
    may_be_ahead = {"NgayHenTra", "NgayHieuLuc", "HanHoanThanh"}
    happened = [field for field, kind in kinds if kind is Kind.TIME and field not in may_be_ahead]
    ahead = [field for field, _ in kinds if field in may_be_ahead]
    for exported in sample.rows(source):
        assert all(at < midnight_after(exported.night) for at in times(exported.row, *happened))
        assert all(2026 <= at.year <= 2027 for at in times(exported.row, *ahead))


@pytest.mark.parametrize("field", [field for field in LISTS if field != "DinhDanhCHS"])
def test_list_items_have_the_fields_of_the_contract(sample: Sample, field: str) -> None:
    items = [item for exported in sample.rows("dossiers") for item in exported.row[field]]
    assert items
    assert all(set(item) == ITEM_FIELDS[field] for item in items)


def test_flags_within_lists_have_listed_values(sample: Sample) -> None:
    for exported in sample.rows("dossiers"):
        for part in exported.row["TaiLieuNop"]:
            assert {part["DuocSoHoa"], part["DuocLayTuKhoDMQG"]} <= FLAG
            assert part["DuocTaiSuDung"] in {"0", "1", "2"}
        assert all(fee["Gia"] >= 0 for fee in exported.row["DanhSachLePhi"])
        assert all(one["DongBoKhoDMQG"] in FLAG for one in exported.row["DanhSachGiayToKetQua"])


def test_a_dossier_code_begins_with_a_known_unit_and_the_day_of_submission(sample: Sample) -> None:
    units = {exported.row["MaDonVi"] for exported in sample.rows("units")}
    for exported in sample.rows("dossiers"):
        unit, day, number = exported.row["MaHoSo"].rsplit("-", 2)
        assert unit in units
        assert exported.row["NgayNopHoSo"][2:8] == day
        assert re.fullmatch(r"\d{4,}", number)


def test_a_dossier_is_submitted_received_finished_and_handed_out_in_this_order(
    sample: Sample,
) -> None:
    for exported in sample.rows("dossiers"):
        order = times(
            exported.row, "NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTuChoi", "NgayTra"
        )
        assert all(earlier <= later for earlier, later in pairwise(order))
        for one in exported.row["DanhSachHoSoBoSung"]:
            asked = times(one, "NgayBoSung", "NgayTiepNhanBoSung")
            assert asked == sorted(asked)
            assert asked[0] > time(exported.row["NgayTiepNhan"])


def test_the_status_tells_what_has_happened(sample: Sample) -> None:
    for exported in sample.rows("dossiers"):
        row, status = exported.row, exported.row["TrangThaiHoSo"]
        assert bool(row["NgayTra"]) == (status == "10")
        assert bool(row["NgayTuChoi"]) == (status == "3")
        is_done = bool(row["NgayKetThucXuLy"] or row["NgayTra"] or row["NgayTuChoi"])
        assert is_done == (status in {"3", "7", "8", "9", "10"})
        if status == "1":
            assert not row["NgayTiepNhan"]
        if status in {"2", "4", "5", "6", "9", "10"}:
            assert row["NgayTiepNhan"]
        waits = [one for one in row["DanhSachHoSoBoSung"] if not one["NgayTiepNhanBoSung"]]
        assert status in {"5", "8"} if waits else status != "5"


def test_what_a_row_refers_to_exists(sample: Sample) -> None:
    known = {
        source: {exported.row[SOURCES[source].key[0]] for exported in sample.rows(source)}
        for source in ("dossiers", "procedures", "units", "petitions", "online_services")
    }
    for exported in sample.rows("dossiers"):
        assert exported.row["MaTTHC"] in known["procedures"]
        assert exported.row["MaDVC"] in known["online_services"] | {""}
    for exported in sample.rows("ratings"):
        assert exported.row["MaHoSo"] in known["dossiers"]
    for exported in sample.rows("petitions"):
        assert exported.row["MaDonVi"] in known["units"]
        assert exported.row["MaHoSo"] in known["dossiers"] | {""}
        assert exported.row["MaPAKNTruoc"] in known["petitions"] | {""}
    for source in ("documents", "surveys", "tasks", "national_counts"):
        assert {exported.row["MaDonVi"] for exported in sample.rows(source)} <= known["units"]
    for source in ("announcements", "online_services", "unit_procedures"):
        assert {exported.row["MaTTHC"] for exported in sample.rows(source)} <= known["procedures"]


def test_personal_data_is_there_and_recognisably_fictitious(sample: Sample) -> None:
    for exported in sample.rows("dossiers"):
        assert re.search(r" (Mẫu|Thử|Ví Dụ|Giả Định|Minh Họa) ", exported.row["ChuHoSo"])
        assert re.fullmatch(r"0{6}\d{6}", exported.row["SoGiayToChuHoSo"])
        assert re.fullmatch(r"0900000\d{3}", exported.row["SoDienThoai"])
        assert exported.row["Email"] == "" or exported.row["Email"].endswith("@example.invalid")


def test_every_format_of_the_contract_occurs(sample: Sample) -> None:
    names = [path.name for path in _files(sample.directory)]
    for ending in (".json", ".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".xlsx", ".xls"):
        assert any(name.endswith(ending) for name in names), ending


def test_every_encoding_occurs(sample: Sample) -> None:
    forms = set()
    for path in _files(sample.directory):
        with reading(path, path.name, SOURCES[path.parts[-2]]) as export:
            forms.add(export.form)
    for encoding in ("UTF-8", "UTF-16", "Windows-1258", "TCVN3"):
        assert any(encoding in form for form in forms), encoding


def test_a_workbook_is_one_as_provincial_systems_export_it(sample: Sample) -> None:
    path = next(sample.directory.glob(f"{FIRST_DAY}/surveys/*.xlsx"))
    sheet = openpyxl.load_workbook(path).active
    assert {"A1:J1", "A2:J2", "A4:A5", "F4:J4"} <= {str(cells) for cells in sheet.merged_cells}
    assert (sheet["A4"].value, sheet["F4"].value) == ("STT", "Mức độ hài lòng")
    assert [cell.value for cell in sheet[6]] == [f"({number})" for number in range(1, 11)]
    assert isinstance(sheet["D7"].value, datetime)
    assert isinstance(sheet["F7"].value, int)
    last = sheet.max_row
    assert sheet.cell(last, 1).value == "Tổng cộng"
    assert sheet.cell(last, 2).value == f"=COUNTA(B7:B{last - 1})"


def test_numbers_of_workbooks_are_typed_or_texts_with_points(tmp_path: Path) -> None:
    layout = Layout("national_counts", "a", ".xlsx", grouped=frozenset({"SoHoSoTiepNhan"}))
    with WorkbookFile(tmp_path / "a.xlsx", layout) as file:
        for received in (1234567, 57):
            row = {"MaDonVi": "H24", "Nam": 2026, "Thang": 0, "SoHoSoTiepNhan": received}
            file.write(row)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [cell.value for cell in sheet[7]] == [1, "H24", 2026, 0, "1.234.567"]
    with reading(tmp_path / "a.xlsx", "a.xlsx", SOURCES["national_counts"]) as export:
        assert [row["SoHoSoTiepNhan"] for _, row in export.lines if row] == ["1234567", "57"]


def test_a_document_is_sent_on_its_day_or_later_and_then_exported_again(sample: Sample) -> None:
    versions: dict[tuple[str, ...], list[tuple[date, str]]] = {}
    for one in sample.rows("documents"):
        key = (one.row["SoKyHieu"], one.row["NgayBanHanh"], one.row["MaDonVi"])
        versions.setdefault(key, []).append((one.night, one.row["GuiDienTu"]))
    sent = [[flag for _, flag in sorted(of_one)] for of_one in versions.values()]
    assert all(flags in (["0"], ["1"], ["0", "1"]) for flags in sent)
    assert sent.count(["0", "1"]) > 10


def test_a_task_is_done_when_it_says_so(sample: Sample) -> None:
    tasks = [one.row for one in sample.rows("tasks")]
    assert {row["TrangThai"] for row in tasks} == {"Hoàn thành", "Đang làm", "Chưa bắt đầu"}
    for row in tasks:
        is_done = row["TrangThai"] == "Hoàn thành"
        assert is_done == bool(row["NgayHoanThanh"]) == (float(row["TyLe"]) == 100)
        assert (row["TrangThai"] == "Chưa bắt đầu") == (float(row["TyLe"]) == 0)


def test_the_home_ward_sends_the_national_message(sample: Sample) -> None:
    path = next(sample.directory.glob(f"{LAST_DAY}/dossiers/hoso_motcua_H24.999_*.json"))
    message = json.loads(text_of(path))
    assert (message["service"], message["madonvi"]) == ("DongBoHoSoMC", "H24.999")


def test_the_units_are_the_province_its_agencies_and_its_114_communes(sample: Sample) -> None:
    units = [one.row for one in sample.rows("units") if one.night == FIRST_DAY]
    communes = {unit["MaDonVi"]: unit for unit in units if unit["Cap"] == "xa"}
    assert len(communes) == 114
    assert [unit["MaDonVi"] for unit in units if unit["Cap"] == "tinh"] == [PROVINCE]
    assert communes["H24.999"]["TenDonVi"] == "UBND Phường Nhị Chiểu"
    assert communes["H24.999"]["MaGSO"] == "10714"
    assert all(unit["MaDonViCha"] == PROVINCE for unit in units if unit["Cap"] != "tinh")


def test_the_catalogue_has_390_procedures_of_communes_and_agencies(sample: Sample) -> None:
    rows = [one.row for one in sample.rows("procedures") if one.night == FIRST_DAY]
    assert len({row["MaTTHC"] for row in rows}) == 390
    assert {row["CapThucHien"] for row in rows} == {"xa", "tinh", "xa;tinh"}


def test_the_projects_readers_read_every_file_whole(sample: Sample) -> None:
    for path in _files(sample.directory):
        source = SOURCES[path.parts[-2]]
        with reading(path, path.name, source) as export:
            rows = [row for _, row in export.lines]
        assert None not in rows
        assert len(rows) == len(list(read_rows(path, source.name)))
        assert export.columns is None or set(source.fields) <= export.columns


@pytest.mark.parametrize(
    "source",
    ["petitions", "ratings", "announcements", "national_counts", "documents", "surveys", "tasks"],
)
def test_the_projects_readers_make_of_every_encoding_and_sheet_what_it_says(
    sample: Sample, source: str
) -> None:
    for path in sorted(sample.directory.glob(f"*/{source}/*")):
        with reading(path, path.name, SOURCES[source]) as export:
            rows = [row for _, row in export.lines if row]
        expected = [
            {field: value for field, value in row.items() if field not in SOURCES[source].dropped}
            for row in read_rows(path, source)
        ]
        assert [
            {field: _as_json(row.get(field, ""), field) for field in of_file}
            for row, of_file in zip(rows, expected, strict=True)
        ] == expected


def _as_json(value: object, field: str) -> str:
    """A value as JSON would give it: times without signs, decimals with a point."""
    text = normalize("NFC", str(value))
    if field.startswith(("Ngay", "Han")):
        return compact(text)
    return text.replace(",", ".") if field == "TyLe" else text


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*/*/*") if path.parts[-2] in SAMPLED)
