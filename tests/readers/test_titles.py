"""Column titles are matched as people write them; users extend them without touching code."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso766.errors import ChisoError
from chiso766.names import fold
from chiso766.readers import reading
from chiso766.readers.export import Export
from chiso766.readers.titles import fields_by_title
from chiso766.sources import SOURCES


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
    ],
)
def test_titles_are_matched_without_case_marks_and_blanks(
    source: str, title: str, field: str
) -> None:
    assert fields_by_title(SOURCES[source])[fold(title)] == field


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


@pytest.mark.parametrize(
    "line", ["units,Mã,KhongCo", "khong_co,Mã,MaDonVi", "units,MaDonVi", "units,a,MaDonVi,b"]
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
