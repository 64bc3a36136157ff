"""Every rule by which a row is set aside, at its edges, in every source it applies to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..deliveries import DAY, Row, deliver, load_days
from .rows import KEYS, ROWS, aside, counts, keyed, load_of

TIMES = {
    "dossiers": (
        "NgayNopHoSo",
        "NgayTiepNhan",
        "NgayHenTra",
        "NgayKetThucXuLy",
        "NgayTra",
        "NgayTuChoi",
    ),
    "petitions": (
        "NgayGui",
        "NgayChuyenDen",
        "NgayTiepNhan",
        "NgayYeuCauBoSung",
        "NgayTuChoi",
        "NgayTraLoi",
        "NgayCongKhai",
    ),
    "ratings": ("NgayDanhGia",),
    "surveys": ("NgayKhaoSat",),
    "announcements": ("NgayQuyetDinh", "NgayHieuLuc", "NgayCongKhai"),
    "documents": ("NgayBanHanh",),
    "tasks": ("HanHoanThanh", "NgayHoanThanh"),
}
NUMBERS = {
    "petitions": ("LuotThich", "LuotKhongThich"),
    "procedures": ("ThoiHan", "Phi", "LePhi"),
    "national_counts": ("Nam", "Thang", "SoHoSoTiepNhan"),
    "portal_scores": ("numerator", "denominator", "ratio", "score", "max_score"),
}
FLAGS = ("0", "1")
LISTED: dict[str, dict[str, tuple[str, ...]]] = {
    "dossiers": {
        "KenhThucHien": ("1", "2", "3"),
        "HinhThuc": FLAGS,
        "HoSoCoThanhPhanSoHoa": FLAGS,
        "TaiKhoanDuocXacThucVoiVNeID": FLAGS,
        "DuocThanhToanTrucTuyen": ("0", "1", "2", "3"),
        "DaDongBo": FLAGS,
    },
    "petitions": {"PhanLoai": ("quy_dinh", "hanh_vi", "khac")},
    "ratings": {"MucDo": ("rat_hai_long", "hai_long", "khong_hai_long")},
    "surveys": {"Cau1": ("1", "2", "3", "4", "5")},
    "procedures": {
        "CapThucHien": ("tinh", "xa", "tinh;xa", "xa; tinh"),
        "TrangThai": ("cong_khai", "cong_khai_sua_doi", "bai_bo", "chua_cong_khai"),
        "DoiTuong": ("cong_dan", "doanh_nghiep", "co_quan", "cong_dan;doanh_nghiep;co_quan"),
        "DonViThoiHan": ("gio", "ngay_lam_viec", "ngay", "thang"),
        "CoKetQuaGiayTo": FLAGS,
        "DuDieuKienToanTrinh": FLAGS,
        "PhiDiaGioi": FLAGS,
        "LienThong": FLAGS,
        "NganhDoc": FLAGS,
    },
    "online_services": {
        "MucDo": ("toan_trinh", "mot_phan"),
        "TrangThai": ("cong_khai", "cho_dung_cong_khai", "kiem_thu", "dung"),
    },
    "announcements": {"LoaiCongBo": ("moi", "sua_doi", "bai_bo")},
    "documents": {"GuiDienTu": FLAGS, "KySoCaNhan": FLAGS, "KySoCoQuan": FLAGS},
    "units": {"Cap": ("tinh", "so", "xa"), "ChungThucBanSaoDienTu": FLAGS},
}
OUTSIDE = {
    "KenhThucHien": ("0", "4", "truc_tuyen"),
    "HinhThuc": ("2",),
    "DuocThanhToanTrucTuyen": ("4", "-1"),
    "Cau1": ("0", "6"),
    "CapThucHien": ("huyen", "tinh;huyen", "tinh,xa"),
    "DoiTuong": ("cong_dan;khac",),
    "ChungThucBanSaoDienTu": ("2", "co"),
}
ITEMS = {
    ("TaiLieuNop", "DuocSoHoa"): FLAGS,
    ("TaiLieuNop", "DuocTaiSuDung"): ("0", "1", "2"),
    ("TaiLieuNop", "DuocLayTuKhoDMQG"): FLAGS,
    ("DanhSachGiayToKetQua", "DongBoKhoDMQG"): FLAGS,
}


@dataclass(frozen=True)
class Case:
    """A row, the rule it breaks (none: it is taken) and the field and value that are blamed."""

    source: str
    name: str
    fields: dict[str, Any]
    rule: str | None = None
    field: str | None = None
    value: str | None = None


def bad(source: str, rule: str, field: str, value: str, **others: str) -> Case:
    name = " ".join((rule, field, value, *others))
    return Case(source, name, {field: value, **others}, rule, field, value.strip() or None)


def good(source: str, **fields: Any) -> Case:
    return Case(source, f"good {fields}", fields)


CASES = [
    # missing_key: a key field or one marked required, but for those that have a rule of their own
    *(
        bad(source, "missing_key", field, empty)
        for source, fields in {
            **KEYS,
            "online_services": ("MaDVC",),
            "ratings": ("MaHoSo",),
            "petitions": ("MaPAKN", "MaDonVi"),
        }.items()
        for field in fields
        for empty in ("", "  ")
    ),
    good("online_services", MaDonVi=""),
    # bad_code
    *(
        bad("dossiers", "bad_code", "MaHoSo", code)
        for code in (
            "H24.999-26112-0007",
            "H24.999-2611200-0007",
            "H24.999-202611200-0007",
            "H24.999-261120-",
            "H24.999-261120-00a7",
            "H24.999-26112a-0007",
            "H24.999-0007",
            "-261120-0007",
            "261120-0007",
            "H24.999-261120",
            "H24.999_261120_0007",
            "H24.999-261120-0007-",
            "H24.999-261120-٣",
        )
    ),
    *(
        good("dossiers", MaHoSo=code)
        for code in (
            "H24.999-261120-1",
            "H24.999-20261120-000700",
            "G01-H24.999-261120-0001",
            "H24-261120-00000000000000000001",
            "H24.999-991399-0001",
        )
    ),
    bad("ratings", "bad_code", "MaHoSo", "H24.999/261120/0007"),
    # missing_procedure, unknown_status
    bad("dossiers", "missing_procedure", "MaTTHC", ""),
    bad("dossiers", "missing_procedure", "MaTTHC", " "),
    *(
        bad("dossiers", "unknown_status", "TrangThaiHoSo", status)
        for status in ("", "0", "11", "-1", "1.5", "da_xong")
    ),
    *(good("dossiers", TrangThaiHoSo=str(status)) for status in range(1, 11)),
    good("dossiers", TrangThaiHoSo=10),
    # unknown_value: outside the values that a field lists; an empty one is not given
    *(
        good(source, **{field: value})
        for source, fields in LISTED.items()
        for field, values in fields.items()
        for value in values + (() if field in KEYS[source] else ("",))
    ),
    *(
        bad(source, "unknown_value", field, value)
        for source, fields in LISTED.items()
        for field, values in fields.items()
        for value in OUTSIDE.get(field, ("2",) if values == FLAGS else ("la",))
    ),
    *(
        Case("dossiers", f"good {item} {value}", {field: [{item: value}]})
        for (field, item), values in ITEMS.items()
        for value in (*values, "")
    ),
    *(
        Case("dossiers", f"bad {item}", {field: [{}, {item: "3"}]}, "unknown_value", None, "3")
        for field, item in ITEMS
    ),
    # bad_time
    *(
        bad(source, "bad_time", field, value)
        for source, fields in TIMES.items()
        for field in fields
        for value in ("31/02/2026", "1999-12-31", "20361121000000")
    ),
    *(
        good(source, **{field: ""})
        for source, fields in TIMES.items()
        for field in fields
        if field not in KEYS[source] and field != "NgayGui"
    ),
    *(
        Case("dossiers", f"bad {item}", {"DanhSachHoSoBoSung": [{item: "hôm qua"}]}, "bad_time")
        for item in ("NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi")
    ),
    # missing_time
    bad("petitions", "missing_time", "NgayGui", ""),
    bad("ratings", "missing_time", "NgayDanhGia", " "),
    # received_after_done
    Case(
        "dossiers",
        "received a second after done",
        {"NgayTiepNhan": "20261120160001", "NgayKetThucXuLy": "20261120160000"},
        "received_after_done",
    ),
    good("dossiers", NgayTiepNhan="20261120160000", NgayKetThucXuLy="20261120160000"),
    good("dossiers", NgayTiepNhan="20261120160000", NgayKetThucXuLy=""),
    good("dossiers", NgayTiepNhan="", NgayKetThucXuLy="20261120160000"),
    good("dossiers", NgayTiepNhan="20261120160000", NgayTra="20261101", NgayKetThucXuLy=""),
    good("dossiers", NgayNopHoSo="20261120160000", NgayTiepNhan="20261120150000"),
    # bad_number
    *(
        bad(source, "bad_number", field, value)
        for source, fields in NUMBERS.items()
        for field in fields
        for value in ("-1", "nhiều")
    ),
    *(
        good(source, **{field: value})
        for source, fields in NUMBERS.items()
        for field in fields
        for value in ("0", "1,5", *(() if field in KEYS[source] else ("",)))
    ),
    *(
        Case("dossiers", f"Gia {price}", {"DanhSachLePhi": [{"Gia": price}]}, "bad_number")
        for price in ("-8000", "8000 đ", "miễn phí")
    ),
    good("dossiers", DanhSachLePhi=[{"Gia": "8000"}, {"Gia": ""}, {"Gia": 0.5}]),
    # what looks odd and breaks no rule
    good("dossiers", MaXaChuHoSo="xã khác"),
    good("dossiers", NgayHenTra="20261101", NgayTiepNhan="20261120083000"),
    good("dossiers", MaTTHC="không có trong danh mục", MaDVC="?"),
    good("dossiers", TaiLieuNop=[], DanhSachLePhi=[], DSKetNoiCSDL=[]),
    good("petitions", TrangThai="bất kỳ", MaPAKNTruoc="không có"),
    good("petitions", NgayTraLoi="20261001", NgayGui="20261101080000"),
    good("national_counts", Thang="13"),
    good("national_counts", Thang="0"),
    good("procedures", MaDonViCongBo="", ThoiHan="0", DonViThoiHan=""),
    good("units", MaDonViCha="chưa có", MaGSO="x"),
    good("surveys", DoiTuong="bất kỳ"),
    good("tasks", TrangThai="bất kỳ", MinhChung="không phải liên kết"),
    good("announcements", NgayHieuLuc="20200101", NgayCongKhai="20210101"),
]

# What is broken, in the order in which it is asked; a key that is bad cannot be missing too.
IN_ORDER: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "dossiers": [
        ("bad_code", {"MaHoSo": "H24.999-1-1"}),
        ("missing_procedure", {"MaTTHC": ""}),
        ("unknown_status", {"TrangThaiHoSo": "12"}),
        ("unknown_value", {"KenhThucHien": "9"}),
        ("bad_time", {"NgayNopHoSo": "30/02/2026"}),
        ("received_after_done", {"NgayTiepNhan": "20261121", "NgayKetThucXuLy": "20261120"}),
        ("bad_number", {"DanhSachLePhi": [{"Gia": "-1"}]}),
    ],
    "petitions": [
        ("missing_key", {"MaDonVi": ""}),
        ("unknown_value", {"PhanLoai": "la"}),
        ("bad_time", {"NgayTraLoi": "hôm nay"}),
        ("missing_time", {"NgayGui": ""}),
        ("bad_number", {"LuotThich": "-1"}),
    ],
    "ratings": [
        ("bad_code", {"MaHoSo": "1"}),
        ("unknown_value", {"MucDo": "la"}),
        ("missing_time", {"NgayDanhGia": ""}),
    ],
    "procedures": [
        ("missing_key", {"MaTTHC": ""}),
        ("unknown_value", {"TrangThai": "la"}),
        ("bad_number", {"Phi": "-1"}),
    ],
    "announcements": [
        ("missing_key", {"MaDonVi": ""}),
        ("unknown_value", {"LoaiCongBo": "la"}),
        ("bad_time", {"NgayHieuLuc": "20261301"}),
    ],
    "national_counts": [
        ("missing_key", {"MaDonVi": ""}),
        ("bad_number", {"SoHoSoTiepNhan": "-1"}),
    ],
    "documents": [
        ("missing_key", {"MaDonVi": ""}),
        ("unknown_value", {"KySoCaNhan": "2"}),
        ("bad_time", {"NgayBanHanh": "20261301"}),
    ],
    "surveys": [
        ("missing_key", {"MaPhieu": ""}),
        ("unknown_value", {"Cau1": "6"}),
        ("bad_time", {"NgayKhaoSat": "20261301"}),
    ],
}
CASES += [
    Case(source, f"{first} before {second}", later | earlier, first)
    for source, broken in IN_ORDER.items()
    for place, (first, earlier) in enumerate(broken)
    for second, later in broken[place + 1 :]
]

BY_SOURCE = {source: [case for case in CASES if case.source == source] for source in ROWS}


def rows_of(source: str) -> list[Row]:
    return [
        keyed(source, number, **case.fields) for number, case in enumerate(BY_SOURCE[source], 1)
    ]


@pytest.fixture(scope="module")
def found(world: Path) -> dict[tuple[str, int], list[Row]]:
    """What was set aside, by source and line, of a file per source with a line per case."""
    for source in ROWS:
        deliver(source, "cases.jsonl", rows_of(source))
    load_days()
    for source in ROWS:
        assert load_of("cases.jsonl", source)["state"] == "loaded", source
    by_place: dict[tuple[str, int], list[Row]] = {}
    for row in aside("cases.jsonl"):
        by_place.setdefault((row["source"], row["line"]), []).append(row)
    return by_place


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param(source, line, id=f"{source}-{case.name}")
        for source, cases in BY_SOURCE.items()
        for line, case in enumerate(cases, 1)
    ],
)
def test_a_row_is_set_aside_once_under_the_first_rule_it_breaks_and_else_taken(
    found: dict[tuple[str, int], list[Row]], source: str, line: int
) -> None:
    case = BY_SOURCE[source][line - 1]
    rows = found.get((source, line), [])

    assert [row["rule"] for row in rows] == ([] if case.rule is None else [case.rule])
    for row in rows:
        assert row["export_day"] == DAY
        if case.field is not None:
            assert row["field"] == case.field
        if case.value is not None:
            assert row["value"].strip() == case.value.strip()


@pytest.mark.parametrize("source", ROWS)
def test_every_row_read_is_accepted_or_set_aside(
    found: dict[tuple[str, int], list[Row]], source: str
) -> None:
    cases = BY_SOURCE[source]
    broken = sum(case.rule is not None for case in cases)
    assert counts("cases.jsonl", source) == (len(cases), len(cases) - broken, broken)


def test_the_cases_reach_every_rule_but_the_unreadable_line() -> None:
    assert {case.rule for case in CASES} - {None} == {
        "missing_key",
        "bad_code",
        "missing_procedure",
        "unknown_status",
        "unknown_value",
        "bad_time",
        "missing_time",
        "received_after_done",
        "bad_number",
    }
