"""A month of nights in one run, among fifty readers: nothing fails, and nothing but data grows.

CHISO_TEST_SOAK: how many nights, 30 for the month; prints what each night left behind it:
``CHISO_TEST_SOAK=30 ./chiso test tests/soak/test_month.py -s``
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg
import pytest

from chiso766 import database
from chiso766.cli import SAMPLE_LAST_DAY

from ..conftest import Chiso
from ..faults.conftest import installed, superuser
from .test_publication_and_readers import reading

NIGHTS = int(os.environ.get("CHISO_TEST_SOAK") or 0)

pytestmark = pytest.mark.skipif(
    not NIGHTS, reason="takes half an hour: CHISO_TEST_SOAK=30 ./chiso test tests/soak -s"
)

# Caches fill, modules are imported and tables find their size in the first nights.
WARM_UP = 5
# As who reads what came; that they read without one is tried by test_publication_and_readers.py.
PAUSE_S = 1
MB = 2**20
FIRST = SAMPLE_LAST_DAY - timedelta(days=NIGHTS)  # before the run: what is there to be read
_OF_ROWS = ("raw", "history", "ops", "set_aside", "intermediate", "marts")
_READERS = ("chiso_bi ", "chiso_analyst ")


@dataclass
class Night:
    """What there is when a night has ended and the next has not begun; sizes in bytes."""

    seconds: float
    python: int
    python_peak: int
    processes: int
    open_files: int
    server: int
    reader: int
    backends: int
    left_files: int
    folders: dict[str, int]
    schemas: dict[str, int]
    rows: dict[str, int]


@dataclass
class Month:
    nights: list[Night]
    found: dict[str, Any]
    home: Path


@pytest.fixture(scope="module")
def month(chiso: Chiso, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """The nights of one run, with readers all the while."""
    folder = tmp_path_factory.mktemp("month")
    (folder / "tmp").mkdir()
    with installed(folder) as home:
        sample = ("sample", str(folder / "exports"), "--days", str(NIGHTS + 1), "--dirt", "0.005")
        assert chiso(*sample).returncode == 0
        assert chiso("nightly", str(FIRST), TMPDIR=str(folder / "tmp")).returncode == 0
        with reading(PAUSE_S) as readers:
            nights = list(_nights(home, folder / "tmp"))
        yield Month(nights, readers.found, home)
    print(f"\n{readers.found['reads']} reads\n{_table(nights)}")


def _nights(home: Path, temporary: Path) -> Iterator[Night]:
    """Run the nights in one process, which is held while it is looked at: between two nights."""
    days = [str(FIRST + timedelta(days=number)) for number in range(1, NIGHTS + 1)]
    command = [sys.executable, "-P", "-m", "chiso766", "nightly", days[0], "--to", days[-1]]
    nightly = subprocess.Popen(
        [*command, "--each"],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process = psutil.Process(nightly.pid)
    try:
        began = time.monotonic()
        for line in nightly.stdout:
            if line.split()[0] in days[1:] and line.endswith("nhận tệp\n"):
                process.suspend()
                yield _look(process, home, temporary, time.monotonic() - began)
                process.resume()
                began = time.monotonic()
        assert nightly.wait() == 0
    finally:
        nightly.kill()  # does nothing to one that has ended


def _look(nightly: psutil.Process, home: Path, temporary: Path, seconds: float) -> Night:
    servers = _server_processes(home)
    readers = [memory for title, memory in servers if _is_readers(title)]
    with superuser() as connection:
        return Night(
            seconds=seconds,
            python=_own_memory(nightly),
            python_peak=_peak(nightly.pid),
            processes=1 + len(nightly.children(recursive=True)),
            open_files=nightly.num_fds(),
            server=sum(memory for title, memory in servers if not _is_readers(title)),
            reader=max(readers),
            backends=_backends(connection),
            left_files=sum(path.is_file() for path in temporary.rglob("*")),
            folders=_folders(home),
            schemas=_schemas(connection),
            rows=_rows(connection),
        )


def _own_memory(process: psutil.Process) -> int:
    """What is resident without what is shared: the server's cache, and programs."""
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


def _server_processes(home: Path) -> list[tuple[str, int]]:
    """Title and own memory of each of the server's processes."""
    number = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(number)
    found = []
    for process in (server, *server.children()):
        try:
            found.append((" ".join(process.cmdline()), _own_memory(process)))
        except psutil.NoSuchProcess:  # a helper of a query
            continue
    return found


def _is_readers(title: str) -> bool:
    return any(account in title for account in _READERS)


def _peak(number: int) -> int:
    """The most memory that a process ever had."""
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{number}/status").read_text())
    return int(kilobytes) * 1024


def _backends(connection: psycopg.Connection) -> int:
    """Sessions that are neither the readers' nor this one."""
    [(number,)] = connection.execute(
        "select count(*) from pg_stat_activity where backend_type = 'client backend'"
        " and usename not in ('chiso_bi', 'chiso_analyst') and pid <> pg_backend_pid()"
    )
    return int(number)


def _folders(home: Path) -> dict[str, int]:
    """What lies in each folder of the home; apart: the server's log of sessions, and its WAL."""
    sizes = dict.fromkeys(("base", "pg_wal", "sessions"), 0)
    for path in home.rglob("*"):
        try:
            size = path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # the server is at work
            continue
        name = path.relative_to(home).parts[0]
        if path.name.startswith("postgresql-"):
            name = "sessions"
        elif name == "postgres":
            name = "pg_wal" if "pg_wal" in path.parts else "base"
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def _schemas(connection: psycopg.Connection) -> dict[str, int]:
    """Bytes of the tables of each schema, and of Airflow's database."""
    sizes = dict(
        connection.execute(
            "select nspname, sum(pg_total_relation_size(pg_class.oid))::bigint from pg_class"
            " join pg_namespace on pg_namespace.oid = relnamespace"
            " where relkind in ('r', 'm') group by nspname"
        ).fetchall()
    )
    [(airflow,)] = connection.execute("select pg_database_size('airflow')")
    return {**sizes, "airflow": airflow}


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of the tables of each schema of ours; counted, for statistics may be old."""
    tables = connection.execute(
        "select schemaname, format('%%I.%%I', schemaname, tablename) from pg_tables"
        " where regexp_replace(schemaname, '_next$', '') = any(%s)",
        [[*_OF_ROWS, "load"]],
    ).fetchall()
    rows: dict[str, int] = {}
    for schema, table in tables:
        [(number,)] = connection.execute(f"select count(*) from {table}".encode())
        rows[schema] = rows.get(schema, 0) + number
    return rows


def _table(nights: list[Night]) -> str:
    folders, schemas = sorted(nights[-1].folders), sorted(nights[-1].schemas)
    titles = ["night", "s", "Python, MB", "peak", "files", "server", "reader", "backends"]
    lines = [[*titles, *folders, *(f"{name} (tables)" for name in schemas)]]
    for number, night in enumerate(nights, start=1):
        sizes = [night.python, night.python_peak, night.server, night.reader]
        python, peak, server, reader = (f"{size / MB:.1f}" for size in sizes)
        kept = [night.folders.get(name, 0) for name in folders]
        kept += [night.schemas.get(name, 0) for name in schemas]
        processes = [python, peak, night.open_files, server, reader, night.backends]
        sizes_kept = [f"{size / MB:.2f}" for size in kept]
        lines.append([number, f"{night.seconds:.0f}", *processes, *sizes_kept])
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _parts(nights: list[Night]) -> tuple[list[Night], list[Night]]:
    """The first nights after the warm-up, and as many at the end: of a month, nine each."""
    warm = nights[WARM_UP:]
    length = len(warm) * 2 // 5
    return warm[:length], warm[-length:]


def _medians(month: Month, figure: Callable[[Night], float]) -> tuple[float, float]:
    first, last = _parts(month.nights)
    return median(map(figure, first)), median(map(figure, last))


def _growth(month: Month, figure: Callable[[Night], float]) -> float:
    """By how much it grows a night."""
    first, last = _medians(month, figure)
    between = len(month.nights) - WARM_UP - len(_parts(month.nights)[0])
    return (last - first) / between


def test_every_night_is_published_and_no_read_fails_or_is_torn(month: Month) -> None:
    days = [str(FIRST + timedelta(days=number)) for number in range(NIGHTS + 1)]
    with database.connect() as connection:
        builds = connection.execute(
            "select as_of_day::text, state from ops.build order by build_id"
        ).fetchall()
    assert builds == [(day, "published") for day in days]
    assert month.found["failures"] == []
    assert month.found["torn"] == 0
    assert month.found["days"] == [str(FIRST + timedelta(days=1 + n)) for n in range(NIGHTS + 1)]


# What comes and goes with the moment is within it; a leak of 2 MB a night in Python is more.
@pytest.mark.parametrize("figure", ["python", "python_peak", "reader"])
def test_memory_is_flat(month: Month, figure: str) -> None:
    first, last = _medians(month, lambda night: getattr(night, figure))
    assert last <= first * 1.05


# How many helpers of a query, and of the vacuum, live at the moment is chance.
@pytest.mark.parametrize("figure", ["server", "open_files"])
def test_the_server_and_open_files_are_flat(month: Month, figure: str) -> None:
    first, last = _medians(month, lambda night: getattr(night, figure))
    assert last <= first * 1.1


def test_a_night_leaves_no_process_session_or_temporary_file(month: Month) -> None:
    assert len({night.processes for night in month.nights}) == 1  # one that dbt starts, once
    assert {night.left_files for night in month.nights} == {0}
    first, last = _medians(month, lambda night: night.backends)
    assert last <= first
    with superuser() as connection:
        assert connection.execute("select from pg_ls_tmpdir()").fetchall() == []
        assert _backends(connection) == 0
        stages = "select relname from pg_class where relnamespace = 'load'::regnamespace"
        assert connection.execute(stages).fetchall() == []


def test_landing_holds_what_was_delivered_and_nothing_else(month: Month) -> None:
    with database.connect() as connection:
        [(delivered,)] = connection.execute(
            "select sum(bytes) from (select distinct sha256, bytes from ops.file) as content"
        )
    assert _folders(month.home)["landing"] == delivered


# In MB: the page of the day and what there is for clerks; what each step and dbt say.
@pytest.mark.parametrize(("folder", "most"), [("reports", 0.3), ("logs", 0.15)])
def test_a_night_adds_little_to_reports_and_logs(month: Month, folder: str, most: float) -> None:
    assert _growth(month, lambda night: night.folders[folder]) <= most * MB


def test_a_night_adds_little_to_what_airflow_knows(month: Month) -> None:
    assert _growth(month, lambda night: night.schemas["airflow"]) <= 0.1 * MB


def test_the_log_of_sessions_holds_the_nights_sessions_and_what_analysts_asked(
    month: Month,
) -> None:
    size = _folders(month.home)["sessions"]
    assert size <= 0.2 * MB * (NIGHTS + 1) + 300 * month.found["reads"]


def test_other_folders_are_flat_and_wal_has_its_limit(month: Month) -> None:
    growing = {"base", "pg_wal", "sessions", "landing", "reports", "logs"}
    for name in _folders(month.home).keys() - growing:
        first, last = _medians(month, lambda night, name=name: night.folders.get(name, 0))
        assert last <= first * 1.01, name
    with superuser() as connection:
        [(limit,)] = connection.execute(
            "select pg_size_bytes(current_setting('max_wal_size'))"
        ).fetchall()
    assert max(night.folders["pg_wal"] for night in month.nights) <= limit


# What updates and tables made anew leave is used again: the vacuum is some nights behind.
@pytest.mark.parametrize("schema", [*_OF_ROWS, "intermediate_next", "marts_next"])
def test_a_row_takes_no_more_room_as_nights_pass(month: Month, schema: str) -> None:
    first, last = _medians(month, lambda night: night.schemas[schema] / night.rows[schema])
    assert last <= first * 1.1


def test_catalogs_are_flat_though_each_night_makes_tables_anew(month: Month) -> None:
    first, last = _medians(month, lambda night: night.schemas["pg_catalog"])
    assert last <= first * 1.1
