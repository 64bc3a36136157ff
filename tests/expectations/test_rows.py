"""Each suite passes a good export and sets aside each kind of bad row under its rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chiso766 import database, suites
from chiso766.load import RULES

from ..deliveries import DOSSIER, GOOD, Row, deliver, load_days, loads, newest, set_aside

pytestmark = pytest.mark.usefixtures("empty_warehouse")

Case = tuple[dict[str, Any], str, str | None, str | None]


def times(*fields: str) -> list[Case]:
    return [({field: "31/02/2026"}, "bad_time", field, "31/02/2026") for field in fields]


def unknown(value: str, *fields: str) -> list[Case]:
    return [({field: value}, "unknown_value", field, value) for field in fields]


def missing(rule: str, *fields: str) -> list[Case]:
    return [({field: " "}, rule, field, None) for field in fields]


def numbers(*fields: str) -> list[Case]:
    return [({field: "-1"}, "bad_number", field, "-1") for field in fields]


# Source -> what is changed in the good row, and the rule, field and value that are then named.
BAD: dict[str, list[Case]] = {
    "dossiers": [
        *missing("missing_key", "MaHoSo"),
        ({"MaHoSo": "H24.999-2611-0007"}, "bad_code", "MaHoSo", "H24.999-2611-0007"),
        ({"MaHoSo": "261120-0007"}, "bad_code", "MaHoSo", "261120-0007"),
        ({"MaHoSo": "H24.999-261120-7a"}, "bad_code", "MaHoSo", "H24.999-261120-7a"),
        *missing("missing_procedure", "MaTTHC"),
        *missing("unknown_status", "TrangThaiHoSo"),
        ({"TrangThaiHoSo": "11"}, "unknown_status", "TrangThaiHoSo", "11"),
        ({"TrangThaiHoSo": "xong"}, "unknown_status", "TrangThaiHoSo", "xong"),
        *unknown("4", "KenhThucHien", "DuocThanhToanTrucTuyen"),
        *unknown("2", "HinhThuc", "HoSoCoThanhPhanSoHoa", "DaDongBo"),
        *unknown("true", "TaiKhoanDuocXacThucVoiVNeID"),
        ({"TaiLieuNop": [{"DuocSoHoa": 2}]}, "unknown_value", "DuocSoHoa", "2"),
        ({"TaiLieuNop": [{}, {"DuocTaiSuDung": "3"}]}, "unknown_value", "DuocTaiSuDung", "3"),
        ({"TaiLieuNop": [{"DuocLayTuKhoDMQG": "x"}]}, "unknown_value", "DuocLayTuKhoDMQG", "x"),
        (
            {"DanhSachGiayToKetQua": [{"DongBoKhoDMQG": "2"}]},
            "unknown_value",
            "DongBoKhoDMQG",
            "2",
        ),
        *times(
            "NgayNopHoSo",
            "NgayTiepNhan",
            "NgayHenTra",
            "NgayKetThucXuLy",
            "NgayTra",
            "NgayTuChoi",
        ),
        *(
            ({"DanhSachHoSoBoSung": [{}, {field: "20261320"}]}, "bad_time", field, "20261320")
            for field in ("NgayBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi")
        ),
        (
            {"NgayTiepNhan": "20261120160001"},
            "received_after_done",
            "NgayTiepNhan",
            "20261120160001",
        ),
        ({"DanhSachLePhi": [{"Gia": "8.000,5"}]}, "bad_number", "Gia", "8.000,5"),
        ({"DanhSachLePhi": [{"Gia": -8000}]}, "bad_number", "Gia", "-8000"),
        ({"TaiLieuNop": "không phải JSON"}, "unreadable_line", None, None),
        ({"TaiLieuNop": {"DuocSoHoa": "2"}}, "unknown_value", "DuocSoHoa", "2"),
        ({"TenTTHC": {"ten": "Khai sinh"}}, "unreadable_line", None, None),
    ],
    "petitions": [
        *missing("missing_key", "MaPAKN", "MaDonVi"),
        ({"MaHoSo": "0007"}, "bad_code", "MaHoSo", "0007"),
        *unknown("khen", "PhanLoai"),
        *times(
            "NgayGui",
            "NgayChuyenDen",
            "NgayTiepNhan",
            "NgayYeuCauBoSung",
            "NgayTuChoi",
            "NgayTraLoi",
            "NgayCongKhai",
        ),
        *missing("missing_time", "NgayGui"),
        *numbers("LuotThich", "LuotKhongThich"),
    ],
    "ratings": [
        *missing("missing_key", "MaHoSo"),
        ({"MaHoSo": "0007"}, "bad_code", "MaHoSo", "0007"),
        *unknown("tam", "MucDo"),
        *times("NgayDanhGia"),
        *missing("missing_time", "NgayDanhGia"),
    ],
    "surveys": [
        *missing("missing_key", "MaPhieu"),
        *(
            ({question: value}, "unknown_value", question, value)
            for question in ("Thái độ của cán bộ", "Câu hỏi mới; 'có dấu' {}")
            for value in ("0", "6", "2.5", "2,5", "-1", "+6", "1000000000", "1.234")
        ),
        ({"Thời gian chờ": 2.5}, "unknown_value", "Thời gian chờ", "2.5"),
        *times("NgayKhaoSat"),
    ],
    "documents": [
        *missing("missing_key", "SoKyHieu", "NgayBanHanh", "MaDonVi"),
        *unknown("2", "GuiDienTu", "KySoCaNhan"),
        *unknown("có", "KySoCoQuan"),
        *times("NgayBanHanh"),
    ],
    "tasks": [
        *missing("missing_key", "MaNhiemVu", "MaDonVi"),
        *times("HanHoanThanh", "NgayHoanThanh"),
        *numbers("TyLe"),
        ({"TyLe": "một nửa"}, "bad_number", "TyLe", "một nửa"),
    ],
    "procedures": [
        *missing("missing_key", "MaTTHC"),
        *unknown("huyen", "CapThucHien"),
        *unknown("xa;huyen", "CapThucHien"),
        *unknown("tam_dung", "TrangThai"),
        *unknown("cong_dan,co_quan", "DoiTuong"),
        *unknown("tuan", "DonViThoiHan"),
        *unknown(
            "2", "CoKetQuaGiayTo", "DuDieuKienToanTrinh", "PhiDiaGioi", "LienThong", "NganhDoc"
        ),
        *numbers("ThoiHan", "Phi", "LePhi"),
    ],
    "online_services": [
        *missing("missing_key", "MaDVC"),
        *unknown("muc_4", "MucDo"),
        *unknown("tam_dung", "TrangThai"),
    ],
    "announcements": [
        *missing("missing_key", "SoQuyetDinh", "MaDonVi", "MaTTHC", "LoaiCongBo"),
        *unknown("thay_the", "LoaiCongBo"),
        *times("NgayQuyetDinh", "NgayHieuLuc", "NgayCongKhai"),
    ],
    "national_counts": [
        *missing("missing_key", "MaDonVi", "Nam", "Thang"),
        *numbers("Nam", "Thang", "SoHoSoTiepNhan"),
    ],
    "units": [
        *missing("missing_key", "MaDonVi"),
        *unknown("huyen", "Cap"),
        *unknown("2", "ChungThucBanSaoDienTu"),
    ],
    "unit_procedures": [*missing("missing_key", "MaDonVi", "MaTTHC")],
    "portal_scores": [
        *missing("missing_key", "unit_code", "period", "metric"),
        *numbers("numerator", "denominator", "ratio", "score", "max_score"),
    ],
}


def named(rows: list[Row]) -> list[tuple[int, str, str | None, str | None]]:
    return [(row["line"], row["rule"], row["field"], row["value"]) for row in rows]


@pytest.mark.parametrize("source", GOOD)
def test_bad_rows_are_set_aside_with_rule_field_value_and_line_and_good_ones_pass(
    source: str,
) -> None:
    cases = BAD[source]
    deliver(source, "dot1.jsonl", [GOOD[source], *(GOOD[source] | change for change, *_ in cases)])

    load_days()

    expected = [(line, *case[1:]) for line, case in enumerate(cases, 2)]
    assert named(set_aside()) == expected
    [load] = loads()
    assert (load["rows_read"], load["rows_accepted"], load["rows_set_aside"]) == (
        len(cases) + 1,
        1,
        len(cases),
    )


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({"NgayTra": "20000101000000"}, True),
        ({"NgayTra": "19991231235959"}, False),
        ({"NgayHenTra": "20361120"}, True),
        ({"NgayTra": "20361120235959"}, True),
        ({"NgayTra": "20361121000000"}, False),
        ({"NgayHenTra": "20361121"}, False),
        ({"DanhSachHoSoBoSung": [{"NgayHenTraMoi": "20361120235959"}]}, True),
        ({"DanhSachHoSoBoSung": [{"NgayHenTraMoi": "20361121"}]}, False),
        ({"DanhSachHoSoBoSung": [{"NgayBoSung": "19991231"}]}, False),
        ({"NgayTiepNhan": "20261120160000", "NgayKetThucXuLy": "20261120160000"}, True),
        ({"NgayTiepNhan": "20261120160001", "NgayKetThucXuLy": "20261120160000"}, False),
        ({"NgayTiepNhan": "20261120160001", "NgayKetThucXuLy": ""}, True),
        ({"TrangThaiHoSo": "10.0"}, True),
        ({"TrangThaiHoSo": "09"}, True),
        ({"TrangThaiHoSo": 9}, True),
        ({"TrangThaiHoSo": "0"}, False),
        ({"MaHoSo": "000.00.01.H24-20261120-1"}, True),
        ({"MaHoSo": "H24-2611200-1"}, False),
        ({"DanhSachLePhi": [{"Gia": "0"}, {"Gia": ""}, {"Gia": 0.5}]}, True),
        ({"DanhSachLePhi": [{"Gia": "1e3"}]}, False),
        ({"DanhSachLePhi": [{"Gia": 0.30000000000000004}]}, True),
        ({"DanhSachLePhi": [{"Gia": -0.0}, {"Gia": "-0,00"}]}, True),
        ({"DanhSachLePhi": [{"Gia": "-0.0000000001"}]}, False),
        ({"DanhSachLePhi": [None], "DSKetNoiCSDL": ["7"], "TaiLieuNop": "5"}, True),
    ],
)
def test_boundaries_of_the_rules(change: dict[str, Any], is_good: bool) -> None:
    deliver("dossiers", "dot1.json", [DOSSIER | change])

    load_days()

    assert loads()[0]["rows_accepted"] == is_good


@pytest.mark.parametrize("answer", ["1", "5", "05", "5.0", 5, "", " ", "rất tốt", "5 điểm", ["6"]])
def test_an_answer_is_one_to_five_or_not_given_and_a_text_is_no_answer(answer: object) -> None:
    deliver("surveys", "dot1.json", [GOOD["surveys"] | {"Thời gian chờ": answer}])

    load_days()

    assert set_aside() == []
    [survey] = newest("surveys").values()
    given = str(answer).strip() if isinstance(answer, str | int) else answer
    assert survey["extra"].get("Thời gian chờ", "") == given


def test_what_is_no_question_by_its_name_is_not_judged_as_an_answer() -> None:
    others = {"SoDienThoai": "0912345678", "Năm sinh, số CCCD": "1990", "doituong": "7"}
    deliver("surveys", "dot1.json", [GOOD["surveys"] | others])
    deliver("units", "dot1.json", [GOOD["units"] | {"Thời gian chờ": "6"}])

    load_days()

    assert set_aside() == []
    assert "số CCCD" not in str(newest("surveys"))


def test_the_evidence_of_a_task_and_its_note_are_kept_and_a_documents_subject_is_not() -> None:
    deliver("tasks", "dot1.json", [GOOD["tasks"] | {"GhiChu": None, "ghichu": "ghi"}])
    deliver("documents", "dot1.json", [GOOD["documents"] | {"TrichYeu": "về việc của ông A"}])

    load_days()

    [task] = newest("tasks").values()
    assert (task["minhchung"], task["tyle"]) == ("https://kho.example/nv1", Decimal("40.5"))
    [document] = newest("documents").values()
    assert "ông A" not in str(document)
    assert loads()[0]["warnings"] is None


def test_ten_years_after_29_february_end_with_28_february() -> None:
    leap_day = date(2028, 2, 29)
    rows = [
        DOSSIER | {"MaHoSo": "H24-280229-1", "NgayHenTra": "20380228"},
        DOSSIER | {"MaHoSo": "H24-280229-2", "NgayHenTra": "20380301"},
    ]
    deliver("dossiers", "dot1.json", rows, leap_day)

    load_days(leap_day)

    assert named(set_aside()) == [(2, "bad_time", "NgayHenTra", "20380301")]


def test_a_row_that_breaks_several_rules_is_set_aside_once_under_the_first() -> None:
    healed_in_order = [
        {"TaiLieuNop": "{"},
        {"MaHoSo": ""},
        {"MaHoSo": "7"},
        {"MaTTHC": ""},
        {"TrangThaiHoSo": ""},
        {"HinhThuc": "5", "TaiLieuNop": [{"DuocSoHoa": "5"}]},
        {"NgayTra": "hôm qua", "DanhSachHoSoBoSung": [{"NgayBoSung": "hôm kia"}]},
        {"NgayTiepNhan": "20261120160001"},
        {"DanhSachLePhi": [{"Gia": "-1"}]},
    ]
    rows = []
    for first in range(len(healed_in_order)):
        row = dict(DOSSIER)
        for breach in reversed(healed_in_order[first:]):
            row |= breach
        rows.append(row)
    deliver("dossiers", "dot1.jsonl", rows)

    load_days()

    assert [row["rule"] for row in set_aside()] == [
        rule for rule in RULES if rule != "missing_time"
    ]


def test_a_petition_without_its_time_but_with_another_bad_one_is_named_for_the_bad_one() -> None:
    deliver("petitions", "dot1.json", [GOOD["petitions"] | {"NgayGui": "", "NgayTraLoi": "x"}])

    load_days()

    assert named(set_aside()) == [(1, "bad_time", "NgayTraLoi", "x")]


def test_of_several_fields_that_break_a_rule_the_first_of_the_source_is_named() -> None:
    deliver("dossiers", "dot1.json", [DOSSIER | {"NgayTra": "x", "NgayTiepNhan": "y"}])

    load_days()

    assert named(set_aside()) == [(1, "bad_time", "NgayTiepNhan", "y")]


def test_an_online_service_for_all_units_has_no_unit() -> None:
    deliver("online_services", "dot1.json", [GOOD["online_services"] | {"MaDonVi": ""}])

    load_days()

    assert loads()[0]["rows_accepted"] == 1


@pytest.mark.parametrize(
    ("source", "change", "row_key", "unit_code"),
    [
        ("dossiers", {"HinhThuc": "5"}, "H24.999-261120-0007", "H24.999"),
        ("dossiers", {"MaHoSo": "7"}, "7", None),
        ("petitions", {"PhanLoai": "khen"}, "PA-1", "H24.999"),
        ("petitions", {"MaDonVi": ""}, "PA-1", None),
        ("ratings", {"MucDo": "tam"}, "H24.999-261120-0007|2026-11-20 17:00:00", "H24.999"),
        ("ratings", {"NgayDanhGia": ""}, None, "H24.999"),
        ("procedures", {"TrangThai": "x"}, "1.004227", "H24"),
        ("national_counts", {"SoHoSoTiepNhan": "x"}, "H24.999|2026|11", "H24.999"),
    ],
)
def test_a_row_set_aside_names_its_key_and_unit_where_they_are_known(
    source: str, change: Row, row_key: str | None, unit_code: str | None
) -> None:
    deliver(source, "dot1.json", [GOOD[source] | change])

    load_days()

    [row] = set_aside()
    assert (row["row_key"], row["unit_code"]) == (row_key, unit_code)


def test_more_bad_rows_than_a_result_lists_are_all_set_aside() -> None:
    rows = [
        DOSSIER | {"MaHoSo": f"H24.999-261120-{number}", "HinhThuc": "5"} for number in range(150)
    ] + [
        DOSSIER | {"MaHoSo": f"H24.999-261121-{number}", "TaiLieuNop": [{"DuocSoHoa": "5"}]}
        for number in range(250)
    ]
    deliver("dossiers", "dot1.jsonl", rows)

    load_days()

    assert len(set_aside()) == len(rows)


def test_the_same_address_may_come_again_otherwise_as_with_another_password() -> None:
    url = database.warehouse_url()
    for same in (f"{url}?application_name=before", f"{url}?application_name=after"):
        assert str(suites._warehouse(same).connection_string).endswith(same.partition("?")[2])
