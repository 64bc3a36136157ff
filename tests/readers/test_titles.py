"""Column titles are matched as people write them; users extend them without touching code."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from chiso766.errors import ChisoError
from chiso766.names import fold
from chiso766.readers import reading
from chiso766.readers.export import Export
from chiso766.readers.header import Header, Use
from chiso766.readers.header import read_header as read_titles
from chiso766.readers.titles import NOT_READ, fields_by_title
from chiso766.sources import SOURCES

SHIPPED = sorted((Path(__file__).parents[2] / "include" / "chiso766" / "aliases").glob("*.csv"))


@pytest.fixture
def aliases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "aliases"
    folder.mkdir(parents=True)
    return folder


def read_header(tmp_path: Path, source: str, header: str) -> Export:
    path = tmp_path / "landed"
    path.write_text(header + "\n", encoding="utf-8")
    with reading(path, "a.csv", SOURCES[source]) as export:
        return export


@pytest.mark.usefixtures("aliases")
@pytest.mark.parametrize(
    ("source", "title", "field"),
    [
        ("dossiers", "MaHoSo", "MaHoSo"),
        ("dossiers", "MÃ HỒ SƠ", "MaHoSo"),
        ("dossiers", " Mã  hồ sơ (*)", "MaHoSo"),
        ("dossiers", "Số hồ sơ", "MaHoSo"),
        ("dossiers", "Ngày hẹn trả", "NgayHenTra"),
        ("dossiers", "Trạng thái", "TrangThaiHoSo"),
        ("dossiers", "Cán bộ thụ lý", "NguoiXuLy"),
        ("petitions", "Trạng thái", "TrangThai"),
        ("units", "Mã đơn vị", "MaDonVi"),
        ("units", "Ma\u0303 \u0111o\u031bn vi\u0323", "MaDonVi"),
        ("dossiers", "Mã TTHC", "MaTTHC"),
        ("dossiers", "TTHC", "TenTTHC"),
        ("dossiers", "Thời gian tiếp nhận", "NgayTiepNhan"),
        ("dossiers", "CSDL kết nối", "DSKetNoiCSDL"),
        ("petitions", "Mã PAKN", "MaPAKN"),
        ("online_services", "Mã DVC", "MaDVC"),
        ("documents", "Số, ký hiệu văn bản", "SoKyHieu"),
        ("documents", "Trích yếu nội dung", "TrichYeu"),
        ("surveys", "Dấu thời gian", "NgayKhaoSat"),
        ("tasks", "% hoàn thành", "TyLe"),
        ("portal_scores", "Mã đơn vị", "unit_code"),
    ],
)
def test_titles_are_matched_without_case_marks_and_blanks(
    source: str, title: str, field: str
) -> None:
    assert fields_by_title(SOURCES[source])[fold(title)] == field


@pytest.mark.usefixtures("aliases")
@pytest.mark.parametrize("source", SOURCES)
def test_every_field_has_a_vietnamese_title(source: str) -> None:
    aliases = {row["field"] for row in shipped() if row["source"] == source}
    spec = SOURCES[source]
    assert {*spec.fields, *spec.dropped} <= aliases


def shipped() -> list[dict[str, str]]:
    return [
        row
        for path in SHIPPED
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    ]


def test_no_shipped_title_names_two_fields_of_a_source() -> None:
    seen: set[tuple[str, str]] = set()
    for row in shipped():
        title = (row["source"], fold(row["title"]))
        assert title not in seen, row
        seen.add(title)


@pytest.mark.usefixtures("aliases")
@pytest.mark.parametrize(
    ("above", "below", "field"),
    [
        ("Thời gian", "Tiếp nhận", "NgayTiepNhan"),
        ("Ngày", "Hẹn trả", "NgayHenTra"),
        ("Thủ tục hành chính", "Mã", "MaTTHC"),
        ("Hồ sơ", "Mã hồ sơ", "MaHoSo"),
        ("Chủ hồ sơ", "Họ và tên", "ChuHoSo"),
    ],
)
def test_a_title_below_a_merged_one_is_matched_together_and_alone(
    above: str, below: str, field: str
) -> None:
    header = read_titles([(f"{above} {below}", below)], 1, SOURCES["dossiers"])

    assert [column.name for column in header.columns] == [field]


@pytest.mark.usefixtures("aliases")
def test_who_took_a_dossier_in_is_not_taken_for_when() -> None:
    header = read_titles([("Mã hồ sơ",), ("Cán bộ Tiếp nhận", "Tiếp nhận")], 1, SOURCES["dossiers"])

    assert uses(header) == {"Mã hồ sơ": Use.FIELD, "Cán bộ Tiếp nhận": Use.NOT_READ}
    assert header.names == ("MaHoSo", None)


def uses(header: Header) -> dict[str, Use]:
    return {column.title: column.use for column in header.columns}


@pytest.mark.usefixtures("aliases")
@pytest.mark.parametrize(
    ("source", "titles"),
    [
        ("surveys", ["Tuổi", "Năm sinh", "Giới tính", "Ý kiến khác"]),
        ("documents", ["Người ký", "Người soạn thảo"]),
        ("tasks", ["Người thực hiện", "Cán bộ phụ trách"]),
        ("petitions", ["Cán bộ xử lý", "Nội dung trả lời"]),
    ],
)
def test_shipped_aliases_leave_out_what_may_tell_of_a_person(
    source: str, titles: list[str]
) -> None:
    header = read_titles(([title] for title in titles), 1, SOURCES[source])

    assert set(uses(header).values()) == {Use.NOT_READ}


@pytest.mark.usefixtures("aliases")
@pytest.mark.parametrize("source", SOURCES)
def test_a_field_name_is_never_the_alias_of_another(source: str) -> None:
    titles = fields_by_title(SOURCES[source])

    assert all(titles[fold(field)] == field for field in SOURCES[source].fields)


def test_a_user_adds_titles_in_a_file_of_the_installation(aliases: Path, tmp_path: Path) -> None:
    (aliases / "mot_cua.csv").write_text(
        "source,title,field\nunits,Mã định danh cơ quan,MaDonVi\n", encoding="utf-8-sig"
    )

    export = read_header(tmp_path, "units", "Mã định danh cơ quan,Cap")

    assert export.columns == {"MaDonVi", "Cap"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end_of_line", ["\n", "\r\n"])
def test_alias_files_are_taken_as_excel_saves_them(
    aliases: Path, tmp_path: Path, delimiter: str, encoding: str, end_of_line: str
) -> None:
    lines = [
        ("source", "title", "field"),
        ("units", "Mã định danh riêng", "MaDonVi"),
        ("", "", ""),
        ("units ", " Cấp của nó", "Cap"),
    ]
    text = "".join(delimiter.join(line) + end_of_line for line in lines)
    (aliases / "mot_cua.csv").write_bytes(text.encode(encoding))

    export = read_header(tmp_path, "units", "Mã định danh riêng,Cấp của nó")

    assert export.columns == {"MaDonVi", "Cap"}


def test_an_alias_file_needs_no_header(aliases: Path, tmp_path: Path) -> None:
    (aliases / "a.csv").write_text("units,Mã riêng,MaDonVi\n", encoding="utf-8")

    assert read_header(tmp_path, "units", "Mã riêng").columns == {"MaDonVi"}


def test_a_users_alias_wins_over_shipped_ones_and_field_names(
    aliases: Path, tmp_path: Path
) -> None:
    lines = "dossiers,Ngày trả,NgayHenTra\ndossiers,Ngày nhận,NgayNopHoSo\n"
    (aliases / "a.csv").write_text(lines, encoding="utf-8")

    titles = fields_by_title(SOURCES["dossiers"])

    assert (titles[fold("Ngày trả")], titles[fold("Ngày nhận")]) == ("NgayHenTra", "NgayNopHoSo")


def test_a_column_whose_alias_has_no_field_is_not_read(aliases: Path, tmp_path: Path) -> None:
    (aliases / "a.csv").write_text("surveys,Tuổi đời,\nunits,Cấp,\n", encoding="utf-8")

    survey = read_header(tmp_path, "surveys", "MaPhieu,Tuổi đời,Câu 1")
    assert survey.columns == {"MaPhieu", "Câu 1"}
    assert survey.withheld == ()
    assert fields_by_title(SOURCES["units"])[fold("Cấp")] == NOT_READ
    assert read_header(tmp_path, "units", "MaDonVi,Cấp").columns == {"MaDonVi"}


def test_an_alias_file_in_an_old_encoding_is_named(aliases: Path, tmp_path: Path) -> None:
    (aliases / "a.csv").write_bytes("units,Mã,MaDonVi\n".encode("cp1252"))

    with pytest.raises(ChisoError, match=r"a\.csv không phải UTF-8"):
        read_header(tmp_path, "units", "MaDonVi")


@pytest.mark.parametrize(
    "line",
    [
        "units,Mã,KhongCo",
        "khong_co,Mã,MaDonVi",
        "units,MaDonVi",
        "units,a,MaDonVi,b",
        "units,a,?",
        "units,,Cap",
    ],
)
def test_a_wrong_line_of_an_alias_file_is_named(aliases: Path, tmp_path: Path, line: str) -> None:
    (aliases / "mot_cua.csv").write_text(f"source,title,field\n{line}\n", encoding="utf-8")

    with pytest.raises(ChisoError, match=r"mot_cua\.csv, dòng 2"):
        read_header(tmp_path, "units", "MaDonVi")


@pytest.mark.usefixtures("aliases")
def test_unknown_columns_are_kept_and_personal_ones_are_not_read(tmp_path: Path) -> None:
    export = read_header(
        tmp_path,
        "dossiers",
        "Mã hồ sơ,Chủ hồ sơ,Số CCCD/CMND,Họ tên người liên hệ,Ghi chú nội bộ,MaHoSo,",
    )

    assert export.columns == {"MaHoSo", "Ghi chú nội bộ"}
    assert export.withheld == ("Họ tên người liên hệ", "MaHoSo", "cột thứ 7 (không tên)")
