"""The commands speak to people: a Vietnamese sentence for an error, a table or CSV for a query."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Chiso = Callable[..., Any]

COMMANDS = [
    *("demo", "test", "lint", "up", "down", "status", "nightly", "scorecard", "why", "columns"),
    *("audit", "plan", "whatif", "report", "sql", "reader", "backup", "restore", "rotate"),
    *("personal", "sample"),
]


def test_help_names_every_command_in_vietnamese(chiso: Chiso) -> None:
    said = chiso("--help").stdout
    assert said.startswith("Cách dùng: ./chiso")
    assert not [command for command in COMMANDS if f"\n    {command}" not in said]
    for english in ("usage", "options", "positional", "show this"):
        assert english not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "./chiso: thiếu LỆNH; xem ./chiso --help."),
        (["nightly"], "./chiso nightly: thiếu NGÀY; xem ./chiso nightly --help."),
        (
            ["nightly", "mai"],
            "./chiso nightly: không hiểu giá trị của NGÀY; xem ./chiso nightly --help.",
        ),
        (["down", "--all"], "./chiso: không hiểu --all; xem ./chiso --help."),
        (
            ["nightly", "2026-11-02", "--to", "2026-11-01"],
            "Ngày cuối 2026-11-01 ở trước ngày đầu 2026-11-02: hãy đổi lại thứ tự.",
        ),
    ],
)
def test_a_wrong_command_gets_one_sentence(
    chiso: Chiso, arguments: list[str], sentence: str
) -> None:
    done = chiso(*arguments)
    assert done.returncode != 0
    assert (done.stdout, done.stderr) == ("", sentence + "\n")


def test_an_unexpected_error_is_one_sentence_and_its_traceback_is_in_the_log(
    chiso: Chiso, tmp_path: Path
) -> None:
    (tmp_path / "postgres").write_text("a file where a folder must be")
    done = chiso("status", CHISO_HOME=str(tmp_path))
    log = tmp_path / "logs" / "errors.log"
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(log) in done.stderr
    assert "Traceback" in log.read_text()


def test_status_of_a_machine_where_nothing_was_ever_started(chiso: Chiso, tmp_path: Path) -> None:
    done = chiso("status", CHISO_HOME=str(tmp_path / "home"))
    assert done.returncode == 0
    assert "PostgreSQL: đã dừng" in done.stdout
    assert not (tmp_path / "home").exists()


def test_a_query_is_a_table_for_people(postgres: None, chiso: Chiso) -> None:
    done = chiso("sql", "select 'phường' as đơn_vị, 1.50 as điểm, null as trống")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("đơn_vị", "phường", "1.50", "1 dòng"))


def test_a_query_is_csv_for_machines(postgres: None, chiso: Chiso) -> None:
    query = "select * from (values (1, 'a,\"b\"'), (2, null)) as t(n, v) order by n; -- hết"
    done = chiso("sql", "--csv", query.replace(";", ""))
    assert list(csv.reader(io.StringIO(done.stdout))) == [["n", "v"], ["1", 'a,"b"'], ["2", ""]]


def test_a_query_changes_nothing(postgres: None, chiso: Chiso) -> None:
    done = chiso("sql", "delete from ops.night returning *")
    assert done.returncode == 1
    assert done.stderr.startswith("Truy vấn không chạy được (cannot execute DELETE")


def test_a_role_sees_what_it_may_see(postgres: None, chiso: Chiso) -> None:
    assert chiso("sql", "select * from ops.night").returncode == 0
    done = chiso("sql", "select * from ops.night", "--as", "chiso_bi")
    assert done.returncode == 1
    assert "permission denied" in done.stderr


def test_a_query_as_somebody_unknown_is_refused(postgres: None, chiso: Chiso) -> None:
    done = chiso("sql", "select 1", "--as", "ai_đó")
    assert done.returncode == 1
    assert "Không có mật khẩu của ai_đó" in done.stderr


def test_a_sample_is_written_where_asked_and_only_into_an_empty_folder(
    chiso: Chiso, tmp_path: Path
) -> None:
    arguments = ["sample", str(tmp_path / "x"), "--dossiers", "20", "--days", "2", "--seed", "1"]
    assert chiso(*arguments).returncode == 0
    assert {path.name for path in (tmp_path / "x").iterdir()} == {"2026-11-29", "2026-11-30"}
    done = chiso(*arguments)
    assert done.returncode == 1
    assert "không trống" in done.stderr


def test_the_demo_refuses_a_home_with_real_data(chiso: Chiso, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "exports" / "2026-11-20").mkdir(parents=True)
    try:
        done = chiso("demo", CHISO_HOME=str(home))
        assert done.returncode == 1
        assert done.stderr.strip().endswith("để dữ liệu mẫu không lẫn vào.")
    finally:
        chiso("down", CHISO_HOME=str(home))
