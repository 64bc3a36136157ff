"""Whatever dies in a night, and wherever: the night that is run again ends as if nothing had been.

``CHISO_TEST_CRASHES``: how many moments of each step are tried with each fault; 1000 is all.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import xlwt
from psycopg import sql

from chiso766 import database, server, settings
from chiso766.fetch import fetch_day
from chiso766.warehouse import prepare

from ..deliveries import DOSSIER, deliver, loads
from . import nights
from .conftest import Nights, superuser
from .disks import mount, small_disk
from .injection import A_PROCESS, ACTS, Fault
from .nights import FIRST, LOADING, Step

MOMENTS = int(os.environ.get("CHISO_TEST_CRASHES") or 1)
FAULTS = ("kill", "kill backend", "kill postgres", "restart postgres")
KILLED = -signal.SIGKILL
FETCH, CHECK, FETCH_SECOND, CHECK_SECOND = range(len(LOADING))


def moments(events: list[str], fault: str) -> list[int]:
    """Numbers of events, spread evenly; other ones for each fault."""
    shift = (FAULTS.index(fault) + 1) / (len(FAULTS) + 1)
    chosen = min(MOMENTS, len(events))
    return [1 + int(len(events) * (number + shift) / chosen) for number in range(chosen)]


@pytest.mark.parametrize("step", [FETCH, FETCH_SECOND, CHECK_SECOND])
def test_a_worker_killed_again_and_again_at_every_kind_of_event(
    two_nights: Nights, step: int
) -> None:
    two_nights.restore(step)
    for event in dict.fromkeys(two_nights.events[step]):
        assert nights.run(LOADING[step], Fault("kill", event=event)) == KILLED, event
    two_nights.run_again(step)


@pytest.mark.parametrize(
    ("step", "fault"),
    [(step, fault) for step in range(len(LOADING)) for fault in FAULTS]
    if MOMENTS > 1
    else [*((CHECK_SECOND, fault) for fault in FAULTS), (FETCH_SECOND, "kill postgres")],
)
def test_one_fault_at_any_moment(two_nights: Nights, step: int, fault: str) -> None:
    for moment in moments(two_nights.events[step], fault):
        two_nights.restore(step)
        code = nights.run(LOADING[step], Fault(fault, moment))
        assert code == KILLED if fault == "kill" else nights.note()["is_done"], moment
        server.start()
        two_nights.run_again(step)


@pytest.mark.parametrize("event", ["mkdir", "open", "rename"])
def test_a_disk_without_room_for_one_more_file(two_nights: Nights, event: str) -> None:
    two_nights.restore(FETCH)
    assert nights.run(LOADING[FETCH], Fault("disk full", event=f"{event} in landing")) == 1
    assert nights.note()["error"] == "ChisoError"
    two_nights.run_again(FETCH)


def test_a_disk_that_is_full_when_the_bytes_are_to_be_kept(two_nights: Nights) -> None:
    two_nights.restore(FETCH)
    for number in (1, 2, 3):  # of the file, then of its folders
        assert nights.run(LOADING[FETCH], Fault("disk full", number, "fsync")) == 1
        assert nights.note()["error"] == "ChisoError"
    two_nights.run_again(FETCH)


def test_a_landing_area_that_takes_only_a_part_of_a_file(two_nights: Nights) -> None:
    two_nights.restore(FETCH)
    assert nights.run(Step("fetch", lambda: with_small_files(100, fetch_day, FIRST))) == 1
    assert nights.note()["error"] == "ChisoError"
    two_nights.run_again(FETCH)


def test_a_landing_area_on_a_full_disk(two_nights: Nights, tmp_path: Path) -> None:
    two_nights.restore(FETCH)
    landing = settings.load().home / "landing"
    landing.mkdir(mode=0o700)
    with small_disk(landing, "12k"):
        assert nights.run(LOADING[FETCH]) == 1
        assert nights.note()["error"] == "ChisoError"
        mount("remount,size=1m", landing)
        two_nights.run_again(FETCH)


def test_a_database_on_a_disk_that_is_full_page_after_page(
    two_nights: Nights, tmp_path: Path
) -> None:
    """What the loads write first lies on a disk of its own, which grows by a page at a time."""
    two_nights.restore(CHECK)
    tmp_path.chmod(0o700)
    with small_disk(tmp_path, "4k"), tablespace(tmp_path):
        for pages in count(2):
            if nights.run(LOADING[CHECK]) == 0:
                break
            assert nights.note()["error"] == "ChisoError"
            assert mount(f"remount,size={4 * pages}k", tmp_path) == 0
        assert pages > 3
        mount("remount,size=1g", tmp_path)  # for the marts
        two_nights.run_again(CHECK)


@pytest.mark.parametrize("step", [FETCH_SECOND, CHECK_SECOND])
def test_two_at_once(two_nights: Nights, step: int) -> None:
    for moment in moments(two_nights.events[step], "kill"):
        two_nights.restore(step)
        first = nights.start(LOADING[step], Fault("stop", moment))
        assert nights.wait(first) == 0
        second = nights.start(LOADING[step])
        nights.until_it_waits_or_ends(second)
        os.kill(first, signal.SIGCONT)
        assert (nights.wait(first), nights.wait(second)) == (0, 0), moment
        two_nights.run_again(step)


def test_a_reading_process_that_is_killed_loses_no_file(two_nights: Nights) -> None:
    two_nights.restore(FETCH)
    shutil.rmtree(settings.load().exports)
    deliver("dossiers", "h.xls", workbook(), FIRST)
    assert nights.run(LOADING[FETCH]) == 0
    assert nights.run(LOADING[CHECK], Fault("kill children", event=A_PROCESS)) == 1
    assert nights.run(LOADING[CHECK]) == 0
    assert [(load["state"], load["rows_accepted"]) for load in loads()] == [("loaded", 1)]


def test_a_start_waits_for_a_server_that_recovers(own_home: Path) -> None:
    def kill_a_session_and_start() -> None:
        with database.connect():
            ACTS["kill backend"](own_home)
        server.start()

    assert nights.run(Step("start", kill_a_session_and_start)) == 0


def test_a_first_start_that_is_killed_while_the_server_is_made_or_starts(new_home: Path) -> None:
    start = Step("start", server.start)
    for moment in (1, 2):  # initdb and pg_ctl go on by themselves
        assert nights.run(start, Fault("kill", moment, A_PROCESS)) == KILLED
    assert nights.run(start) == 0
    prepare()


def test_a_start_on_a_full_disk_is_made_good_by_the_next(new_home: Path) -> None:
    server.start()
    address = database.warehouse_url()
    server.stop()
    for size in (0, 2):  # the second one cuts off what it writes
        start = Step("start", partial(with_small_files, size, server.start))
        assert nights.run(start) == 1
    assert nights.run(Step("start", server.start)) == 0
    assert database.warehouse_url() == address
    prepare()


@pytest.fixture
def new_home(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home without anything in it; its server is stopped at the end, whatever happened."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CHISO_HOME", str(home))
    yield home
    for process in server._processes():
        process.kill()


def with_small_files(size: int, function: Callable[..., None], *arguments: object) -> None:
    """As on a full disk: what is written over is cut off first and grows to so many bytes."""
    unlimited, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        function(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, most))


@contextmanager
def tablespace(place: Path) -> Iterator[None]:
    """What the loads make from now on lies at this place."""
    with superuser() as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("create tablespace small location {}").format(str(place)))
        connection.execute(f"grant create on tablespace small to {database.OWNER}".encode())
        role = f"alter role {database.OWNER} in database {database.WAREHOUSE}".encode()
        connection.execute(role + b" set default_tablespace to small")
        try:
            yield
        finally:
            connection.execute(role + b" reset default_tablespace")
            connection.execute("drop tablespace small")


def workbook() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Hồ sơ")
    names = ["MaHoSo", "MaTTHC", "TrangThaiHoSo", "NgayTiepNhan"]
    for column, name in enumerate(["STT", *names]):
        sheet.write(0, column, name)
        sheet.write(1, column, DOSSIER.get(name, "1"))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
