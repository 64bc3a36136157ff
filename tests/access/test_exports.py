"""What leaves the warehouse as a file is recorded: who, when, by what, which content, where to."""

from __future__ import annotations

import ast
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chiso766 import backup, report, set_aside_sheets, settings
from chiso766.errors import ChisoError

from .conftest import SEALED

Row = dict[str, Any]


@pytest.fixture
def new_exports(admin: psycopg.Connection) -> Callable[[], list[Row]]:
    """What was recorded since the test began."""
    [(before,)] = admin.execute("select coalesce(max(export_id), 0) from ops.file_export")

    def found() -> list[Row]:
        query = "select * from ops.file_export where export_id > %s order by export_id"
        return admin.cursor(row_factory=dict_row).execute(query, [before]).fetchall()

    return found


def said(rows: list[Row]) -> list[tuple[object, ...]]:
    for row in rows:
        assert row["account"] == pwd.getpwuid(os.geteuid()).pw_name
        assert row["started_at"] <= row["ended_at"]
    return [(row["command"], row["role"], row["path"], row["row_count"]) for row in rows]


def test_a_report_is_recorded(
    installation: Path, tmp_path: Path, new_exports: Callable[[], list[Row]]
) -> None:
    report.run("tre-han", None, "2026-12", tmp_path / "bc.xlsx")
    report.run("tom-tat", None, "2026-11", tmp_path / "tt.docx")
    rows = new_exports()
    assert said(rows) == [
        ("report", "chiso_etl", str(tmp_path / "bc.xlsx"), rows[0]["row_count"]),
        ("report", "chiso_etl", str(tmp_path / "tt.docx"), None),
    ]
    assert isinstance(rows[0]["row_count"], int)
    assert rows[0]["content"] == "tre-han, đơn vị H24.999, kỳ 2026-12"


def test_a_query_that_is_kept_is_recorded_with_its_text_and_rows(
    installation: Path, chiso: Callable[..., Any], new_exports: Callable[[], list[Row]]
) -> None:
    query = "select * from marts.dim_unit"
    units = len(chiso("sql", query, "--csv", "--as", "chiso_bi").stdout.splitlines()) - 1
    chiso("sql", query)  # its output goes into a pipe
    rows = new_exports()
    assert said(rows) == [("sql", "chiso_bi", "-", units), ("sql", "chiso_etl", "-", units)]
    assert [row["content"] for row in rows] == [query, query]


def test_a_query_that_breaks_off_stays_recorded_without_an_end(
    installation: Path, chiso: Callable[..., Any], new_exports: Callable[[], list[Row]]
) -> None:
    query = "select 1 / (3 - number) from generate_series(1, 9) as number"
    assert chiso("sql", "--csv", query).returncode == 1
    [row] = new_exports()
    assert (row["content"], row["ended_at"], row["row_count"]) == (query, None, None)


def test_json_for_machines_is_recorded_and_a_table_for_a_person_is_not(
    installation: Path, chiso: Callable[..., Any], new_exports: Callable[[], list[Row]]
) -> None:
    assert chiso("scorecard", "--json").returncode == 0
    assert chiso("scorecard").returncode == 0
    assert said(new_exports()) == [("scorecard", "chiso_etl", "-", None)]


@pytest.mark.parametrize("command", ["why", "plan", "whatif"])
def test_each_command_with_json_is_recorded(
    installation: Path, command: str, capsys: Any, new_exports: Callable[[], list[Row]]
) -> None:
    from chiso766 import cli

    more = ["--set", "3.6=+1"] if command == "whatif" else []
    arguments = cli.parser().parse_args([command, "--json", *more])
    with suppress(ChisoError):  # one night has no change to explain; it was asked for all the same
        arguments.run(arguments)
    [row] = new_exports()
    assert row["command"] == command
    assert row["content"] == "đơn vị H24.999, kỳ mới nhất"


def test_the_spreadsheets_of_rows_set_aside_are_recorded_and_no_value_of_theirs(
    installation: Path, new_exports: Callable[[], list[Row]]
) -> None:
    set_aside_sheets.write_sheets()
    set_aside_sheets.write_sheets()  # nothing new: no file is written
    rows = new_exports()
    path = set_aside_sheets.folder() / "2026-11-20" / "H24.999.xlsx"
    assert said(rows) == [("publish", "chiso_etl", str(path), 1)]
    assert SEALED not in str(rows)


def test_a_backup_is_recorded(
    installation: Path, tmp_path: Path, new_exports: Callable[[], list[Row]]
) -> None:
    backup.write(tmp_path / "kho.chiso766")
    assert said(new_exports()) == [("backup", "chiso_etl", str(tmp_path / "kho.chiso766"), None)]


# Module -> what the files are that it writes.
NONE_OF_THE_WAREHOUSE = {
    "airflow_env": "keys, ports, the login of Airflow's UI",
    "backup_file": "the backup, recorded by backup.py",
    "connectors/transfer": "exports that come in",
    "database": "passwords",
    "failures": "the log of errors",
    "landing": "exports that came in",
    "locks": "locks",
    "notify": "the log of alerts",
    "object_store": "files of the store, which came in or were recorded when they were written",
    "page_server": "a port",
    "parsed": "dbt's parsed project",
    "passwords": "passwords",
    "personal": "a key",
    "postgres_tools": "the log of backups; the dump itself is of backup.py",
    "readers/xls_process": "an export that came in, to another process",
    "report_brief": "the report, recorded by report.py",
    "report_workbook": "the report, recorded by report.py",
    "rotate": "a log",
    "sample/dirt": "the sample",
    "sample/generate": "the sample",
    "sample/sheets": "the sample",
    "sample/write": "the sample",
    "server": "settings and a password of the embedded server",
    "settings": "what its callers hand to write_private: keys, passwords, ports",
    "superset": "addresses and a password of Superset, its log",
    "system": "process numbers, logs",
    "terminal": "a log",
}
WRITERS = {"write_text", "write_bytes", "write_private", "save", "mkstemp", "fdopen", "Workbook"}


def writes(tree: ast.AST) -> bool:
    """Whether a module calls something that makes or replaces a file."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        of = getattr(getattr(node.func, "value", None), "id", "")
        if name in WRITERS or (of, name) == ("os", "replace"):
            return True
        modes = {value.value for value in node.args if isinstance(value, ast.Constant)}
        if name == "open" and modes & {"w", "wb", "a", "ab", "x", "xb"}:
            return True
    return False


def test_every_module_that_writes_files_is_known_and_records_what_leaves_the_warehouse() -> None:
    folder = settings.PROJECT_ROOT / "include" / "chiso766"
    trees = {
        path.relative_to(folder).with_suffix("").as_posix(): ast.parse(path.read_text())
        for path in folder.rglob("*.py")
    }
    writing = {module for module, tree in trees.items() if writes(tree)}
    records = {
        module
        for module, tree in trees.items()
        if any(
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "recorded"
            for node in ast.walk(tree)
        )
    }
    assert writing - records == NONE_OF_THE_WAREHOUSE.keys()
