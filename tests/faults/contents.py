"""All that an installation holds, as text that is equal where nothing was lost or doubled.

Numbers of loads and files, and times of the bookkeeping, differ from run to run; a load is named
by its file instead.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import psycopg
from openpyxl import load_workbook

from chiso766 import data_dictionary, data_docs, settings
from chiso766.sources import SOURCES

from ..compiled import Compiled
from .injection import FOLDERS

_FILE = """
    select load_id, concat_ws('/', export_day, source, file_name, left(sha256, 8)) as file
    from ops.load join ops.file using (file_id)
"""
_NEWEST = "row_key, export_day desc, file_name desc, load_id desc, line desc"
_TABLES = {
    "ops.night": "select export_day, is_checked from ops.night",
    "ops.file": "select export_day, source, file_name, sha256, bytes from ops.file",
    "ops.load": f"""
        select file, state, refusal, rows_read, rows_accepted, rows_set_aside, rows_changed,
            is_late, warnings
        from ops.load join ({_FILE}) as files using (load_id)""",
    "set_aside.row": f"""
        select files.file, healed.file as healed_by,
            to_jsonb(aside) - '{{load_id,healed_load_id}}'::text[] as row
        from set_aside.row as aside join ({_FILE}) as files using (load_id)
        left join ({_FILE}) as healed on healed.load_id = healed_load_id""",
}
_VERSIONS = f"""
    select files.file, to_jsonb(version) - 'load_id' as row,
        load_id = first_value(load_id) over newest and line = first_value(line) over newest
            as is_newest
    from raw.{{}} as version join ({_FILE}) as files using (load_id)
    window newest as (partition by row_key order by {_NEWEST.removeprefix("row_key, ")})
"""


def contents(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Table, or folder of the home -> its rows or files."""
    queries = _TABLES | {f"raw.{source}": _VERSIONS.format(source) for source in SOURCES}
    found = {name: _lines(connection, query) for name, query in queries.items()}
    for folder in FOLDERS:
        found[folder] = _files(settings.load().home / folder)
    return found


def marts(connection: psycopg.Connection, compiled: Compiled, as_of_day: date) -> dict[str, str]:
    """Table of the marts -> hash of its rows, built in a transaction that is rolled back."""
    compiled.build(connection, as_of_day)
    found = fingerprints(connection)
    connection.rollback()
    return found


def fingerprints(connection: psycopg.Connection) -> dict[str, str]:
    """Table of schema ``marts`` -> hash of its rows; the history names the night's builds."""
    names = connection.execute(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace"
        " and relkind in ('r', 'v') and relname <> 'fct_indicator_daily' order by 1"
    ).fetchall()
    return {name: _fingerprint(connection, name) for (name,) in names}


def assert_accounts_are_right(connection: psycopg.Connection) -> None:
    """What the contract promises of every file, and nothing of a load left behind."""
    wrong = connection.execute(
        """
        select load_id, rows_read, rows_accepted, rows_set_aside,
            (select count(*) from set_aside.row where row.load_id = newest.load_id) as kept
        from (select distinct on (file_id) * from ops.load order by file_id, load_id desc) as newest
        where rows_read <> rows_accepted + rows_set_aside
            or rows_set_aside
                <> (select count(*) from set_aside.row where row.load_id = newest.load_id)
        """
    ).fetchall()
    assert wrong == []
    stages = connection.execute(
        "select relname from pg_class where relnamespace = 'load'::regnamespace"
    ).fetchall()
    assert stages == []
    registered = connection.execute("select sha256, bytes from ops.file").fetchall()
    for sha256, size in registered:
        kept = (settings.load().home / "landing" / sha256[:2] / sha256).read_bytes()
        assert (hashlib.sha256(kept).hexdigest(), len(kept)) == (sha256, size)


def reports() -> dict[str, object]:
    """File that people see -> its bytes, or of a spreadsheet, which tells its time, its cells, and
    of a document its parts.

    Pages made by dbt and Great Expectations tell their time and have random marks.
    """
    folder = settings.load().home / "reports"
    names = [name for name in _files(folder) if "/." not in f"/{name}"]  # no drafts or notes
    return {name: _content(folder / name) for name in names}


def _content(path: Path) -> object:
    if path == data_dictionary.page_path() or data_docs.folder() in path.parents:
        return path.stat().st_size > 0
    if path.suffix == ".docx":
        with ZipFile(path) as parts:
            return {part.filename: part.CRC for part in parts.infolist()}
    if path.suffix != ".xlsx":
        return path.read_bytes()
    return [[*sheet.iter_rows(values_only=True)] for sheet in load_workbook(path)]


def _lines(connection: psycopg.Connection, query: str) -> list[str]:
    rows = connection.execute(f"select to_jsonb(given)::text from ({query}) as given".encode())
    return sorted(line for (line,) in rows)


def _files(folder: Path) -> list[str]:
    return sorted(f"{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file())


def _fingerprint(connection: psycopg.Connection, name: str) -> str:
    rows = _lines(
        connection,
        f"select to_jsonb(mart) - '{{load_id,loaded_at,built_at}}'::text[] as row"
        f" from marts.{name} as mart",
    )
    return f"{len(rows)} rows, {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()}"
