"""Rows that were set aside go back to the clerk: a spreadsheet per unit and day."""

from __future__ import annotations

import os
import re
import resource
import stat
import sys
import zipfile
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.cell import Cell

from chiso766 import set_aside_sheets
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.publish import page_path
from chiso766.set_aside_sheets import UNKNOWN_UNIT, file_name, folder, write_sheets

from ..deliveries import DAY, select
from .conftest import HOSTILE_UNITS, NEXT_DAY

pytestmark = pytest.mark.usefixtures("published")

CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")
DIED = 9
UNITS = ("H24.999", "H24.998", *HOSTILE_UNITS)


def sheet_of(name: str, day: date = DAY) -> Path:
    return folder() / day.isoformat() / name


def files() -> dict[str, int]:
    """The spreadsheets and what else a user sees, each with a number that rewriting changes."""
    return {
        path.relative_to(folder()).as_posix(): path.stat().st_ino
        for path in folder().rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def rows_of(path: Path, sheet: str) -> list[tuple[object, ...]]:
    return list(load_workbook(path)[sheet].iter_rows(values_only=True))


def cells_of(path: Path) -> list[Cell]:
    return [
        cell
        for sheet in load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell, Cell) and cell.value is not None
    ]


def heal(condition: str) -> None:
    with connect() as connection:
        connection.execute(
            "update set_aside.row set healed_load_id = (select max(load_id) from ops.load)"
            f" where {condition}".encode()
        )


def open_all() -> None:
    with connect() as connection:
        connection.execute("update set_aside.row set healed_load_id = null")


def test_a_unit_has_a_sheet_for_each_rule_after_a_summary_that_says_what_to_do() -> None:
    path = sheet_of("H24.999.xlsx")
    assert load_workbook(path).sheetnames == [
        "Tổng hợp",
        "Trạng thái không hợp lệ",
        "Ngày giờ sai",
        "Số không hợp lệ",
    ]
    summary = rows_of(path, "Tổng hợp")
    assert summary[0][0] == (
        "Dòng bị để riêng còn phải sửa: Phường Nhị Chiểu (H24.999), ngày xuất dữ liệu 20/11/2026"
    )
    assert [row[:2] for row in summary[3:]] == [
        ("Quy tắc", "Số dòng"),
        ("Trạng thái không hợp lệ", 1),
        ("Ngày giờ sai", 4),
        ("Số không hợp lệ", 1),
        ("Tổng cộng", 6),
    ]
    assert summary[4][2:] == (
        "Trạng thái của hồ sơ để trống hoặc không phải số từ 1 đến 10",
        "Chọn lại trạng thái của hồ sơ ở hệ thống nguồn rồi xuất lại",
    )


def test_a_row_says_where_it_stands_what_was_given_and_what_is_wrong() -> None:
    titles, row = rows_of(sheet_of("H24.999.xlsx"), "Số không hợp lệ")
    assert dict(zip(titles, row, strict=True)) == {
        "Nguồn": "Phản ánh, kiến nghị",
        "Tệp": "p.json",
        "Dòng": 1,
        "Mã đơn vị": "H24.999",
        "Khóa": "PA-1",
        "Trường": "LuotThich: Số lượt thích",
        "Giá trị đã gửi": "-1",
        "Sai gì": "Giá trị không phải là số hoặc là số âm",
        "Cần làm gì": "Sửa thành số không âm ở hệ thống nguồn rồi xuất lại",
    }


def test_values_are_texts_that_no_spreadsheet_program_evaluates() -> None:
    path = sheet_of("H24.999.xlsx")
    values = [row[6] for row in rows_of(path, "Ngày giờ sai")[1:]]
    assert values == ["=HYPERLINK(1)", "@x\ufffd\ufffd<&>", "#N/A", "-" * 1000 + "…"]
    assert {row[1] for row in rows_of(path, "Ngày giờ sai")[1:]} == {"=1+1.json"}
    assert {cell.data_type for cell in cells_of(path)} == {"s", "n"}
    assert all(
        cell.quotePrefix and cell.number_format == "@"
        for cell in cells_of(path)
        if str(cell.value).startswith(("=", "@", "-", "#"))
    )
    with zipfile.ZipFile(path) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "sheets/" in name]
    assert not any(re.search("<f[ >]", sheet) for sheet in sheets)


def test_rows_of_no_known_unit_share_a_spreadsheet_that_names_the_code_given() -> None:
    path = sheet_of(UNKNOWN_UNIT)
    assert [row[3] for row in rows_of(path, "Trạng thái không hợp lệ")[1:]] == ["H24.555"]
    [unreadable] = rows_of(path, "Dòng không đọc được")[1:]
    assert unreadable[1:7] == ("b.jsonl", 1, None, None, None, None)


def test_each_unit_has_a_file_of_its_own_in_the_folder_of_the_day_whatever_its_code() -> None:
    names = {file_name(unit) for unit in UNITS}
    assert len({name.casefold() for name in names}) == len(UNITS)
    assert {name for name in files() if name.startswith(DAY.isoformat())} == {
        f"{DAY}/{name}" for name in (*names, UNKNOWN_UNIT)
    }
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,80}[.]xlsx", name) for name in names)
    for unit in UNITS:
        assert f"({unit})" in str(rows_of(sheet_of(file_name(unit)), "Tổng hợp")[0][0])


@pytest.mark.parametrize(
    ("one", "other"),
    [("a/b", "a_b"), ("H24.999", "h24.999"), ("a/b", file_name("a/b").removesuffix(".xlsx"))],
)
def test_no_two_codes_share_a_name(one: str, other: str) -> None:
    assert file_name(one).casefold() != file_name(other).casefold()


def test_only_the_owner_may_read_them() -> None:
    for path in [folder(), *folder().rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_did_not_change_is_not_written_again() -> None:
    before = files()
    write_sheets()
    assert files() == before


@pytest.mark.usefixtures("all_open")
def test_a_healed_row_leaves_the_spreadsheet_of_its_unit_and_no_other_is_written() -> None:
    before = files()
    heal("row_key = 'H24.999-261120-1'")
    write_sheets()
    after = files()
    assert {name for name in before if before[name] != after[name]} == {f"{DAY}/H24.999.xlsx"}
    assert "Trạng thái không hợp lệ" not in load_workbook(sheet_of("H24.999.xlsx")).sheetnames


@pytest.mark.usefixtures("all_open")
def test_what_is_healed_altogether_has_no_file_and_a_clerks_own_file_stays() -> None:
    before = files()
    heal("unit_code = 'H24.998'")
    write_sheets()
    assert before.keys() - files().keys() == {f"{DAY}/H24.998.xlsx", f"{NEXT_DAY}/H24.998.xlsx"}
    assert not sheet_of("", NEXT_DAY).exists()
    own = sheet_of("ghi chu.xlsx")
    own.write_bytes(b"x")
    heal("true")
    write_sheets()
    assert files().keys() == {f"{DAY}/ghi chu.xlsx"}
    own.unlink()


def test_a_file_that_somebody_deleted_is_written_again() -> None:
    before = files()
    sheet_of("H24.998.xlsx").unlink()
    write_sheets()
    assert files().keys() == before.keys()


@pytest.mark.usefixtures("all_open")
def test_a_process_killed_at_any_change_of_a_file_leaves_whole_files_and_the_next_mends_all() -> (
    None
):
    before = contents()
    heal_some()
    write_sheets()
    after = contents()
    assert before.keys() - after.keys() == {f"{NEXT_DAY}/H24.998.xlsx"}
    for change in count():
        open_all()
        write_sheets()
        heal_some()
        killed = killed_at(change)
        found = contents()
        assert all(found[name] in (before[name], after.get(name)) for name in found)
        write_sheets()
        assert contents() == after
        assert all(path.suffix == ".xlsx" for path in map(Path, files()))
        if not killed:
            break
    assert change > 10


def heal_some() -> None:
    """One spreadsheet changes, another one goes."""
    heal(f"row_key = 'H24.999-261120-1' or export_day = '{NEXT_DAY}'")


def contents() -> dict[str, list[list[tuple[object, ...]]]]:
    return {
        name: [list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(folder() / name)]
        for name in files()
        if name.endswith(".xlsx")
    }


def killed_at(change: int) -> bool:
    """Write in a process that dies before its n-th change of a file; False: it had no more."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DIED
    changes = count()
    place = str(folder())

    def die(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in CHANGES or not str(arguments[0]).startswith(place):
            return
        if (event != "open" or arguments[2] & os.O_CREAT) and next(changes) == change:
            os._exit(DIED)

    sys.addaudithook(die)
    try:
        write_sheets()
    except BaseException:
        os._exit(1)
    os._exit(0)


# What openpyxl began cannot be ended; Python says so when it throws it away.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("room", [10, 3_000])  # for the note of what is written, for a sheet
def test_a_full_disk_is_said_in_one_sentence_and_leaves_what_was_there(
    all_open: None, room: int
) -> None:
    before = contents()
    heal("row_key = 'H24.999-261120-1'")
    unlimited, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    try:
        with pytest.raises(ChisoError, match="hãy kiểm tra quyền ghi và chỗ trống trên ổ đĩa"):
            write_sheets()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, most))
    assert contents() == before


def test_more_rows_than_a_sheet_holds_are_counted_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(set_aside_sheets, "MOST_ROWS", 3)
    sheet_of("H24.999.xlsx").unlink()
    write_sheets()
    path = sheet_of("H24.999.xlsx")
    assert len(rows_of(path, "Ngày giờ sai")) == 1 + 3
    summary = rows_of(path, "Tổng hợp")
    assert ("Ngày giờ sai", 4) in [row[:2] for row in summary]
    assert summary[-1][0] == (
        "Mỗi trang chỉ liệt kê 3 dòng đầu; các dòng khác ở bảng set_aside.row."
    )


@pytest.mark.usefixtures("all_open")
def test_the_marts_say_how_many_rows_are_open() -> None:
    heal("unit_code = 'H24.999' and rule = 'bad_time' and line in (3, 4)")
    rows = select(
        "select source, source_name, rule, rule_name, rows, rows_open"
        " from marts.set_aside_status where unit_code = 'H24.999' and export_day = %s"
        " order by source, rule",
        DAY,
    )
    assert [tuple(row.values()) for row in rows] == [
        ("dossiers", "Hồ sơ", "bad_time", "Ngày giờ sai", 4, 2),
        ("dossiers", "Hồ sơ", "unknown_status", "Trạng thái không hợp lệ", 1, 1),
        ("petitions", "Phản ánh, kiến nghị", "bad_number", "Số không hợp lệ", 1, 1),
    ]
    [row] = select(
        "select rows_set_aside, rows_set_aside_open from marts.data_status"
        " where source = 'dossiers' and export_day = %s",
        DAY,
    )
    assert (row["rows_set_aside"], row["rows_set_aside_open"]) == (15, 13)


def test_the_mart_names_no_unit_that_is_not_known() -> None:
    rows = select(
        "select rule, rows_open from marts.set_aside_status where unit_code is null order by rule"
    )
    assert [tuple(row.values()) for row in rows] == [("unknown_status", 1), ("unreadable_line", 1)]


def test_a_reader_of_the_marts_sees_the_counts_and_not_the_rows(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_HOME", str(home))  # where the readers' passwords are
    with connect("chiso_bi") as reader:
        assert reader.execute("select sum(rows_open) from marts.set_aside_status").fetchone()
        [(readable,)] = reader.execute(
            "select has_schema_privilege('set_aside', 'usage')"
        ).fetchall()
    assert not readable


def test_the_page_says_how_many_rows_are_open_and_where_the_spreadsheets_lie() -> None:
    page = page_path().read_text(encoding="utf-8")
    assert "Còn <strong>17</strong> dòng bị để riêng phải sửa" in page
    assert "<code>dong_de_rieng</code>" in page
    assert '<th scope="row">Phản ánh, kiến nghị</th>' in page
    assert (page_path().parent / "dong_de_rieng").samefile(folder())
