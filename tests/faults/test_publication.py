"""Whatever dies between the loads and the reports: what was published stands and is read all the
while, and the night that is run again ends as if nothing had been.

``CHISO_TEST_CRASHES``: at how many moments of the build each fault is tried.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from chiso766 import database, server, settings
from chiso766.publish import page_path

from . import jumping_night, nights
from .conftest import installed, superuser
from .contents import reports
from .disks import disk_where_allowed, full, small_disk
from .evening import STAGES, Evening, reading, result, run, seen
from .injection import A_PROCESS, END, Fault
from .nights import BUILD, FIRST, GATE, PUBLISH, REPORT, SECOND

MOMENTS = int(os.environ.get("CHISO_TEST_CRASHES") or 0)
long = pytest.mark.skipif(
    not MOMENTS, reason="takes long: CHISO_TEST_CRASHES says at how many moments"
)
KILLED = -signal.SIGKILL
OF_POSTGRES = ("kill backend", "kill postgres", "restart postgres")
CHECK = STAGES[1]
_MADE = 'dbt alter table "chiso"."intermediate_next"."{}__dbt_tmp" rename'
BEFORE_A_BUILD = ("select pg_advisory_lock(%s)", "insert into ops.build (as_of_day,")
OF_A_BUILD = (
    "drop table if exists",  # what the kept tables know
    A_PROCESS,  # dbt has begun
    _MADE.format("int_now"),
    "insert into ops.build_node (build_id,",
)
_OF_THE_GATE = "insert into history.indicator_version (build_id,"
LATE = ("create table intermediate_next.known (as_of_day", "update ops.build set state")

# Versions of the history that say what the version before them said.
_SAID_TWICE = """
    select * from (
        select build_id, numerator, denominator, ratio, score, max_score, status, lag(
            row (numerator, denominator, ratio, score, max_score, status)
        ) over (
            partition by unit_code, period_type, period_start, profile, indicator_code
            order by build_id
        ) as before
        from history.indicator_version
    ) as version
    where row (numerator, denominator, ratio, score, max_score, status)
        is not distinct from before
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation whose database lies on a disk of its own, where one may be mounted."""
    folder = tmp_path_factory.mktemp("publication")
    place = folder / "home" / "postgres"
    place.mkdir(mode=0o700, parents=True)
    with disk_where_allowed(place, "1g"), installed(folder) as home:
        with superuser() as connection:
            connection.autocommit = True
            connection.execute("alter system set max_wal_size = '64MB'")
            connection.execute("select pg_reload_conf()")
        yield home


@pytest.fixture(scope="module")
def evening(home: Path) -> Evening:
    return Evening()


def assert_it_said_what_to_do() -> None:
    """One sentence of ours, or a cause and what to do."""
    note = nights.note()
    assert note["error"] == "ChisoError", note
    assert note["sentence"].endswith(".")
    assert "hãy" in note["sentence"]
    assert "\n" not in note["sentence"]


def assert_yesterday_stands(evening: Evening) -> None:
    """Neither is anything half built let through."""
    assert run(GATE) == 1
    assert_it_said_what_to_do()
    assert seen() == evening.yesterday


@long
def test_a_build_in_which_everything_fails_once_after_the_other(evening: Evening) -> None:
    evening.restore(BUILD)
    with reading() as read:
        for event in BEFORE_A_BUILD:
            assert run(BUILD, Fault("kill", event=event)) == KILLED, event
        for event in (*OF_A_BUILD, *LATE):
            assert run(BUILD, Fault("kill", event=event)) == KILLED, event
            assert_yesterday_stands(evening)
        for fault, model in zip(OF_POSTGRES, ("int_now", "int_unit", "int_calendar"), strict=True):
            assert run(BUILD, Fault(fault, event=_MADE.format(model))) == 1, fault
            assert_it_said_what_to_do()
            server.start()
            assert_yesterday_stands(evening)
        beside_the_session_of_a_killed_build()
        evening.finish(GATE)
    assert read == {evening.yesterday, evening.today}


def beside_the_session_of_a_killed_build() -> None:
    """A build is killed in the middle of a model; its session is still at work in the next one."""
    with superuser() as holder:
        holder.execute("lock table intermediate_next.int_period in access share mode")
        killed = nights.start_apart(BUILD)
        until_sessions_wait(1, killed)
        killed.kill()
        assert killed.wait() == KILLED
        again = nights.start_apart(BUILD)
        until_sessions_wait(2, again)
    assert again.wait() == 0


def until_sessions_wait(number: int, build: subprocess.Popen[bytes]) -> None:
    """Until so many sessions wait for a lock, or the build that should make them has ended."""
    with superuser() as connection:
        connection.autocommit = True
        asked = "select count(distinct pid) from pg_locks where not granted"
        while connection.execute(asked).fetchone() != (number,):
            assert build.poll() is None


def test_a_build_whose_sessions_ended_makes_no_table_of_the_next_build(evening: Evening) -> None:
    """It goes on where it was, with sessions of its own, while the next build is at work."""
    evening.restore(STAGES[0])
    older = nights.start_apart(BUILD, Fault("stop", event=_MADE.format("int_now")))
    os.waitid(os.P_PID, older.pid, os.WSTOPPED)
    with superuser() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
    for step in (STAGES[0], CHECK, BUILD):
        assert run(step) == 0
    older.send_signal(signal.SIGCONT)
    assert older.wait() == 1
    evening.finish(GATE)


@long
@pytest.mark.parametrize("fault", ["kill", *OF_POSTGRES])
def test_a_build_with_one_fault_at_any_moment(evening: Evening, fault: str) -> None:
    events = evening.events["build"]
    for number in range(MOMENTS):
        evening.restore(BUILD)
        moment = 1 + int(len(events) * (number + 0.5) / MOMENTS)
        code = run(BUILD, Fault(fault, moment))
        assert code == (KILLED if fault == "kill" else 1), moment
        server.start()
        assert seen() == evening.yesterday
        evening.finish(BUILD)


@long
def test_a_gate_killed_at_any_moment_lets_all_through_once_or_nothing(evening: Evening) -> None:
    evening.restore(GATE)
    with reading() as read:
        for moment in count(1):
            code = run(GATE, Fault("kill", moment))
            assert seen() in (evening.yesterday, evening.today), moment
            if code == 0:
                break
            assert code == KILLED
        evening.finish(GATE)
    assert moment > len(evening.events["gate"]) / 2
    assert read == {evening.yesterday, evening.today}


@pytest.mark.parametrize("fault", OF_POSTGRES)
@pytest.mark.parametrize("event", [_OF_THE_GATE, END])
def test_a_server_that_fails_beside_the_gate(evening: Evening, fault: str, event: str) -> None:
    evening.restore(GATE)
    code = run(GATE, Fault(fault, event=event))
    if code:
        assert_it_said_what_to_do()
    server.start()
    assert seen() == (evening.yesterday if code else evening.today)
    assert (code == 0) == (event == END)
    for _ in range(2):
        assert run(GATE) == 0
    assert seen() == evening.today
    found = result()
    assert (found.history, found.builds) == (evening.expected.history, evening.expected.builds)


def test_between_the_gate_and_the_page_yesterdays_page_is_whole(evening: Evening) -> None:
    evening.restore(PUBLISH)
    page = page_path().read_bytes()
    assert run(PUBLISH, Fault("kill")) == KILLED
    assert page_path().read_bytes() == page
    assert seen() == evening.today
    evening.finish(PUBLISH)


@pytest.mark.parametrize(("event", "is_there"), [("open", False), ("rename", True)])
def test_official_reports_killed_while_they_are_written_are_whole_and_kept_once(
    evening: Evening, event: str, is_there: bool
) -> None:
    evening.restore(REPORT)
    folder = settings.load().home / "reports"
    made = {name: of for name, of in evening.expected.reports.items() if "official/" in name}
    if is_there:
        for name in made:
            write_another(folder / name)
    before = reports()
    kept = {
        str(Path(name).with_stem(f"{Path(name).stem}_ban-1")): before.get(name) for name in made
    }
    for number in count(1):
        code = run(REPORT, Fault("kill", number, f"{event} in reports"))
        for name, found in reports().items():
            assert found in (before.get(name), made.get(name), kept.get(name)), number
        if code == 0:
            break
        assert code == KILLED
    assert number > 2
    expected = evening.expected.reports | (kept if is_there else {})
    assert reports() == expected
    assert list(folder.rglob(".draft*")) == []


def write_another(path: Path) -> None:
    """A report of that name with other content."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        Workbook().save(path)
    else:
        with ZipFile(path, "w") as parts:
            parts.writestr("before", "")


def test_on_a_full_disk_the_reports_of_yesterday_stay(evening: Evening) -> None:
    folder = settings.load().home / "reports"
    with small_disk(folder, "64m"):
        evening.restore(PUBLISH)
        page = page_path().read_bytes()
        with full(folder):
            for step in (PUBLISH, REPORT):
                assert run(step) == 1
                assert_it_said_what_to_do()
            assert page_path().read_bytes() == page
        evening.finish(PUBLISH)


def test_on_a_full_disk_for_logs_it_is_still_said_what_to_do(evening: Evening) -> None:
    evening.restore(GATE)
    with small_disk(settings.load().logs, "1m"), full(settings.load().logs):
        assert run(GATE, Fault("kill backend", event=_OF_THE_GATE)) == 1
        assert_it_said_what_to_do()
    server.start()
    evening.finish(GATE)


def test_on_a_full_disk_for_the_database_no_step_does_half(home: Path, evening: Evening) -> None:
    disk = home / "postgres"
    if not disk.is_mount():
        pytest.skip("only root may mount a disk, and not on every machine")
    evening.restore(CHECK)
    for step in (CHECK, BUILD):
        with full(disk):
            assert run(step) == 1
            assert_it_said_what_to_do()
        server.start()
        assert seen() == evening.yesterday
        assert run(step) == 0
    evening.finish(GATE)


def test_two_nights_at_once_end_as_the_newer_one(evening: Evening) -> None:
    """``./chiso nightly`` of two days, one of them twice."""
    evening.restore(STAGES[0])
    days = [SECOND, FIRST, SECOND]
    processes = [
        subprocess.Popen([sys.executable, "-P", "-m", "chiso766", "nightly", str(day)])
        for day in days
    ]
    assert [process.wait() for process in processes] == [0] * len(days)
    assert run(REPORT) == 0
    found, expected = result(), evening.expected
    assert found.reports["scorecard.html"] == found.reports[f"scorecard-{SECOND}.html"]
    for name in expected.reports:
        if name.startswith("scorecard"):  # it tells what the night before it, here another, knew
            found.reports[name] = expected.reports[name]
    assert replace(found, history=[], builds=[]) == replace(expected, history=[], builds=[])
    with database.connect() as connection:
        twice = connection.execute(_SAID_TWICE.encode()).fetchall()
        newest = connection.execute(
            "select as_of_day, state from ops.build order by build_id desc limit 1"
        ).fetchone()
    assert twice == []
    assert newest == (SECOND, "published")


def test_a_clock_that_jumps_by_years_before_each_step_changes_no_result(
    evening: Evening, tmp_path: Path
) -> None:
    """The clock of the steps and of the database."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("clock.c, the clock that jumps, needs a C compiler")
    library = tmp_path / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    evening.restore(STAGES[0])
    server.stop()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LD_PRELOAD", str(library))
        environment.setenv("CLOCK_JUMP", str(tmp_path / "jump"))
        jumping_night.set_clock(jumping_night.YEARS[0])
        server.start()
        with superuser() as connection:
            [(is_another_year,)] = connection.execute(
                "select clock_timestamp() < %s - interval '300 days'", [datetime.now(UTC)]
            )
        assert is_another_year
        subprocess.run(
            [sys.executable, "-m", "tests.faults.jumping_night"],
            cwd=settings.PROJECT_ROOT,
            check=True,
        )
        server.stop()
    server.start()
    assert result() == evening.expected
