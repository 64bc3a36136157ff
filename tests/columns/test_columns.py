"""./chiso columns says how a file would be read, what is missing and what to add."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from chiso766 import columns
from chiso766.columns import UNDECIDED, look_at
from chiso766.errors import ChisoError
from chiso766.readers.export import Refused
from chiso766.readers.header import Use
from chiso766.sources import SOURCES

from ..deliveries import GOOD, written

LAYOUT = (
    "STT;Số hồ sơ;Ngày nhận HS;Tình trạng;Cán bộ tiếp nhận;Người nộp;Số CCCD người thân;"
    "Mã hồ sơ;;Nơi lưu\n"
)
ROW = "1;H24.999-261120-0007;20/11/2026;4;Cán bộ Một Cửa;Nguyễn Văn Mẫu;001;x;y;Kho số 9\n"
VALUES = ("H24.999-261120-0007", "Một Cửa", "Văn Mẫu", "Kho số 9")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def put(tmp_path: Path, name: str, content: str | bytes, folder: str = "dossiers") -> Path:
    path = tmp_path / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def json_of(path: Path, capsys: pytest.CaptureFixture[str], source: str | None = None) -> Any:
    columns.run(path, source, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_every_column_is_named_with_what_becomes_of_it(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "a.csv", LAYOUT + ROW), None)

    assert [(column.name, column.use) for column in look.columns] == [
        ("STT", Use.ROW_NUMBER),
        ("MaHoSo", Use.FIELD),
        ("Ngày nhận HS", Use.EXTRA),
        ("TrangThaiHoSo", Use.FIELD),
        ("Cán bộ tiếp nhận", Use.NOT_READ),
        ("ChuHoSo", Use.DROPPED),
        ("Số CCCD người thân", Use.PERSONAL),
        ("MaHoSo", Use.REPEATED),
        ("", Use.UNTITLED),
        ("Nơi lưu", Use.EXTRA),
    ]
    assert (look.origin, look.form) == ("folder", "CSV, UTF-8, ngăn cách bằng dấu chấm phẩy")


def test_the_nearest_missing_field_is_proposed_only_if_close(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "a.csv", LAYOUT + ROW), None)

    assert look.aliases == [("Ngày nhận HS", "NgayTiepNhan"), ("Nơi lưu", UNDECIDED)]


def test_a_field_that_the_file_has_is_not_proposed_again(tmp_path: Path) -> None:
    look = look_at(put(tmp_path, "a.csv", "MaHoSo,Ngày tiếp nhận,Ngày tiếp nhận HS\n"), None)

    assert look.aliases == [("Ngày tiếp nhận HS", UNDECIDED)]


def test_the_lines_to_add_make_the_file_read(
    tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "a.csv", 'Số hồ sơ,"Ngày nhận, HS"\nH24.999-261120-0007,20/11/2026\n')
    columns.run(path, None, as_json=False)
    said = capsys.readouterr().out
    file = own_home / "aliases" / columns.ALIAS_FILE
    assert str(file) in said

    file.parent.mkdir(parents=True)
    file.write_text(said[said.index("source,title,field") :], encoding="utf-8")

    look = look_at(path, None)
    assert [column.name for column in look.columns] == ["MaHoSo", "NgayTiepNhan"]
    assert look.aliases == []


def test_a_line_left_undecided_is_named(tmp_path: Path, own_home: Path) -> None:
    path = put(tmp_path, "a.csv", LAYOUT + ROW)
    (own_home / "aliases").mkdir(parents=True)
    lines = "".join(f"dossiers,{title},{field}\n" for title, field in look_at(path, None).aliases)
    (own_home / "aliases" / columns.ALIAS_FILE).write_text(lines, encoding="utf-8")

    with pytest.raises(ChisoError, match=r"ten_cot\.csv, dòng 2"):
        look_at(path, None)


def test_missing_fields_are_named_and_those_without_which_a_row_is_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = json_of(put(tmp_path, "a.csv", LAYOUT + ROW), capsys)

    missing = {one["field"]: one for one in said["missing"]}
    assert missing["MaTTHC"] == {"field": "MaTTHC", "key": False, "required": True}
    assert missing["NgayTra"] == {"field": "NgayTra", "key": False, "required": False}
    assert missing.keys() == SOURCES["dossiers"].fields.keys() - {"MaHoSo", "TrangThaiHoSo"}


def test_rows_are_counted_and_those_that_cannot_be_read_or_lack_the_key(tmp_path: Path) -> None:
    lines = ["MaHoSo,MaTTHC,DanhSachLePhi", "1,2,[]", "1,2,3,4", "1,2,[{", " ,2,", "1,2,"]
    look = look_at(put(tmp_path, "a.csv", "\n".join(lines)), None)

    assert (look.rows, look.unreadable, look.without_key) == (5, 2, 1)


def test_objects_are_looked_at_too(tmp_path: Path) -> None:
    objects = '{"mahoso": "1", "HoTenCha": "x", "ChuHoSo": "y", "La": "z"}\n{"GhiChuThem": 1}\n{\n'
    look = look_at(put(tmp_path, "a.jsonl.gz", gzip.compress(objects.encode())), None)

    assert [(column.title, column.name, column.use) for column in look.columns] == [
        ("mahoso", "MaHoSo", Use.FIELD),
        ("HoTenCha", "HoTenCha", Use.PERSONAL),
        ("ChuHoSo", "ChuHoSo", Use.DROPPED),
        ("La", "La", Use.EXTRA),
        ("GhiChuThem", "GhiChuThem", Use.EXTRA),
    ]
    assert (look.rows, look.unreadable, look.without_key) == (3, 1, 1)
    assert look.aliases == []  # titles are those of tables


@pytest.mark.parametrize(
    ("source", "name"),
    [
        *((source, "a.csv") for source in GOOD),
        # JSON of the portal is its own answers.
        *((source, "a.json") for source in GOOD if source != "portal_scores"),
    ],
)
def test_without_a_folder_the_source_is_told_by_the_columns(
    tmp_path: Path, source: str, name: str
) -> None:
    path = put(tmp_path, name, written(name, [dict(GOOD[source])]), folder="Tải về")
    look = look_at(path, None)

    assert (look.source.name, look.origin) == (source, "columns")


def test_the_source_that_is_named_wins_over_the_folder(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "MaPAKN,NgayGui\n", folder="dossiers")
    look = look_at(path, "petitions")

    assert (look.source.name, look.origin) == ("petitions", "option")


def test_of_a_survey_every_other_column_is_a_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "a.csv", "MaPhieu,Tuổi,Ngày khảo sat phiếu,Thái độ\n", folder="surveys")
    assert look_at(path, None).aliases == [("Ngày khảo sat phiếu", "NgayKhaoSat")]

    columns.run(path, None, as_json=False)
    shown = capsys.readouterr().out.splitlines()
    assert "surveys,TIÊU ĐỀ," in shown[-1]
    assert "câu hỏi" in next(line for line in shown if "Thái độ" in line)
    assert "không đọc" in next(line for line in shown if "Tuổi" in line)


def test_a_table_without_a_key_is_shown_and_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "a.csv", "Số hồ sơ cũ;Ngày tiếp nhận\n" + ROW)

    with pytest.raises(Refused, match="thiếu cột khóa MaHoSo"):
        columns.run(path, None, as_json=False)

    shown = capsys.readouterr().out
    assert "NgayTiepNhan" in shown
    assert "vì thiếu nên tệp bị từ chối" in shown
    assert "dossiers,Số hồ sơ cũ,MaHoSo" in shown


def test_a_first_row_that_may_be_data_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "a.csv", ROW + ROW)

    for as_json in (False, True):
        with pytest.raises(Refused) as refused:
            columns.run(path, None, as_json=as_json)
        said = capsys.readouterr().out + str(refused.value)
        assert not [value for value in VALUES if value in said]


@pytest.mark.parametrize("as_json", [False, True])
def test_no_value_of_a_row_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    path = put(tmp_path, "a.csv", LAYOUT + ROW)
    columns.run(path, None, as_json)

    shown = capsys.readouterr().out
    assert "Nơi lưu" in shown
    assert not [value for value in VALUES if value in shown]


def test_a_title_steers_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, "a.csv", f"MaHoSo,\x1b[2J[red]x[/red],{'dài' * 500}\n")
    columns.run(path, None, as_json=False)

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]x[/red]" in shown
    assert len(shown) < 20_000


def test_a_file_that_breaks_off_is_refused_with_what_was_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "a.csv", 'MaHoSo,MaTTHC\n1,2\n3,"4\n')

    with pytest.raises(Refused, match="dấu ngoặc kép"):
        columns.run(path, None, as_json=True)

    said = json.loads(capsys.readouterr().out)
    assert [column["name"] for column in said["columns"]] == ["MaHoSo", "MaTTHC"]
    assert "dấu ngoặc kép" in said["refusal"]


@pytest.mark.parametrize(
    ("name", "content", "source", "sentence"),
    [
        ("a.csv", b"MaHoSo\n", "dossier", "Không có nguồn dossier: hãy chọn một trong units,"),
        ("a.csv", b"a,b\nc,d\n", None, "Không rõ tệp a.csv thuộc nguồn nào"),
        ("a.json", b"[]", None, "Không rõ tệp a.json thuộc nguồn nào"),
        ("a.csv.gz", b"x", None, "Tệp a.csv.gz bị cắt cụt hoặc không phải gzip"),
        ("a.pdf", b"x", None, "Tệp a.pdf không thuộc loại đọc được"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, source: str | None, sentence: str
) -> None:
    path = put(tmp_path, name, content, folder="x")

    with pytest.raises(ChisoError, match=sentence.replace(".", r"\.")):
        columns.run(path, source, as_json=False)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChisoError, match="Không có tệp"):
        columns.run(tmp_path / "a.csv", None, as_json=False)


def test_a_workbook_is_shown_with_its_sheet_and_the_rows_of_its_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["DANH SÁCH HỒ SƠ"],
        ["STT", "Số hồ sơ", "Thời gian", None, "Nơi lưu"],
        [None, None, "Tiếp nhận", "Hẹn trả", None],
        ["(1)", "(2)", "(3)", "(4)", "(5)"],
        [1, "H24.999-261120-0007", "20/11/2026", "23/11/2026", "Kho"],
        ["Tổng cộng", 1],
    ):
        book.active.append(row)
    for cells in ("A2:A3", "B2:B3", "C2:D2", "E2:E3"):
        book.active.merge_cells(cells)
    path = tmp_path / "a.xlsx"
    book.save(path)
    look = look_at(path, "dossiers")

    names = [column.name for column in look.columns]
    assert names == ["STT", "MaHoSo", "NgayTiepNhan", "NgayHenTra", "Nơi lưu"]
    assert look.form == 'Excel (.xlsx), trang tính "Sheet", dòng tiêu đề 2–3'
    assert (look.rows, look.unreadable, look.without_key) == (1, 0, 0)


def test_a_two_level_header_without_its_key_is_shown_whole(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["STT", "Số vào sổ cũ", "Thời gian", None])
    book.active.append([None, None, "Tiếp nhận", "Hẹn trả"])
    book.active.append([1, "7", "20/11/2026", "23/11/2026"])
    for cells in ("A1:A2", "B1:B2", "C1:D1"):
        book.active.merge_cells(cells)
    path = tmp_path / "a.xlsx"
    book.save(path)
    look = look_at(path, "dossiers")

    assert look.refusal
    assert look.lacks_key
    assert {"NgayTiepNhan", "NgayHenTra"} <= {column.name for column in look.columns}


def test_the_command_prints_a_table_and_exits_1_with_a_sentence_for_a_refused_file(
    tmp_path: Path, chiso: Any
) -> None:
    good = put(tmp_path, "a.csv", LAYOUT + ROW)
    done = chiso("columns", str(good), CHISO_HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Các cột của tệp" in done.stdout

    broken = put(tmp_path, "b.csv", "Số hồ sơ cũ;Ngày tiếp nhận\n")
    done = chiso("columns", str(broken), "--json", CHISO_HOME=str(tmp_path / "home"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert json.loads(done.stdout)["refusal"] == done.stderr.strip()


def test_every_field_that_a_table_stores_has_its_meaning() -> None:
    with (columns._REFERENCE / "source_fields.csv").open(encoding="utf-8") as file:
        meant = {(row["source"], row["field"]) for row in csv.DictReader(file)}
    fields = {(source.name, field) for source in SOURCES.values() for field in source.fields}
    assert fields <= meant
