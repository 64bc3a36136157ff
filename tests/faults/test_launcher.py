"""A night whose launcher is killed with all that it started, in any step: the same command again
ends in the same marts and reports.

``CHISO_TEST_CRASHES``: in how many ways each step is killed; without it, three steps in one way.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import pytest

from chiso766 import database
from chiso766.publish import page_path

from . import nights
from .contents import assert_accounts_are_right, contents, fingerprints, reports
from .injection import A_STEP, Fault
from .nights import FIRST, GATE, LOADING

WAYS = int(os.environ.get("CHISO_TEST_CRASHES") or 0)
STEPS = ("fetch", "check", "build", "gate", "publish") if WAYS else ("check", "build", "gate")
KILLED = -signal.SIGKILL


@dataclass
class Result:
    contents: dict[str, list[str]]
    marts: dict[str, str]
    reports: dict[str, object]


def result() -> Result:
    with database.connect() as connection:
        assert_accounts_are_right(connection)
        return Result(contents(connection), fingerprints(connection), reports())


def night(fault: Fault | None = None) -> subprocess.Popen[str]:
    """``./chiso nightly``, a process group of its own, started."""
    folder = str(Path(__file__).parent / "launched")
    environment = {
        "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]),
        "CHISO_FAULT": json.dumps(fault and asdict(fault)),
        "CHISO_COUNTED": str(counted()),
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "chiso766", "nightly", str(FIRST)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> int:
    """The exit code; what the launcher said is shown where a test fails."""
    print(process.communicate()[1])
    return process.returncode


def counted() -> Path:
    return Path(os.environ["CHISO_HOME"]) / "counted.json"


@dataclass
class Clean:
    """A night that nothing disturbed. ``events``: of each step."""

    events: dict[str, list[str]]
    result: Result


@pytest.fixture(scope="module")
def clean(own_home: Path) -> Clean:
    """The night without a fault; then nothing of it is left but Airflow's metadata."""
    assert LOADING[0].deliver is not None
    LOADING[0].deliver()
    assert ended(night()) == 0
    found = Clean(by_step(json.loads(counted().read_text())), result())
    with database.open_url(
        database.embedded_url(database.SUPERUSER, "postgres"), autocommit=True
    ) as connection:
        connection.execute(f"drop database {database.WAREHOUSE} with (force)".encode())
    for folder in ("landing", "reports"):
        shutil.rmtree(own_home / folder)
    return found


def by_step(events: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"": []}
    for event in events:
        if event.startswith(A_STEP):
            found.setdefault(event.removeprefix(A_STEP), [])
        else:
            found[list(found)[-1]].append(event)
    return found


def ways(events: dict[str, list[str]], step: str) -> Iterator[Fault]:
    """Kills in this step, at kinds of events that no step before it knows, spread evenly."""
    names = list(events)
    before = {event for name in names[: names.index(step)] for event in events[name]}
    own = [event for event in dict.fromkeys(events[step]) if event not in before]
    chosen = min(WAYS or 1, len(own))
    for number in range(chosen):
        event = own[int(len(own) * (number + 0.5) / chosen)]
        yield Fault("kill group", (events[step].count(event) + 1) // 2, event)


@pytest.fixture(scope="module")
def killed(clean: Clean) -> Clean:
    """The same night from the beginning, killed again and again; the last build is not open."""
    for step in STEPS:
        for fault in ways(clean.events, step):
            assert ended(night(fault)) == KILLED, (step, fault)
    return clean


def test_a_gate_killed_at_any_moment_opens_all_at_once_or_not_at_all(killed: Clean) -> None:
    with database.connect(autocommit=True) as connection:
        closed = fingerprints(connection)
        for moment in count(1):
            code = nights.run(GATE, Fault("kill", moment))
            assert fingerprints(connection) in (closed, killed.result.marts), moment
            if code == 0:
                break
            assert code == KILLED
        assert fingerprints(connection) == killed.result.marts
    assert moment > 10


def test_reports_whose_writing_was_killed_at_any_moment_are_written_whole(killed: Clean) -> None:
    assert nights.run(GATE) == 0
    # While it reads the marts nothing is written: it is killed around what it does to files.
    for event in ("open in reports", "rename in reports"):
        for moment in count(1, 1 if WAYS else 2):
            code = nights.publish(Fault("kill", moment, event))
            if code == 0:
                break
            assert code == KILLED
        assert moment > 2, event
    assert reports() == killed.result.reports


@pytest.mark.parametrize("event", ["open", "rename"])
def test_a_full_disk_leaves_the_page_that_was_there(killed: Clean, event: str) -> None:
    assert nights.run(GATE) == nights.publish() == 0
    before = page_path().read_bytes()
    assert nights.publish(Fault("disk full", event=f"{event} in reports")) == 1
    assert nights.note()["error"] == "ChisoError"
    assert page_path().read_bytes() == before
    assert nights.publish() == 0
    assert reports() == killed.result.reports


@pytest.fixture(scope="module")
def again(killed: Clean) -> Clean:
    """The same command once more, or by two people at the same time."""
    processes = [night() for _ in range(2 if WAYS else 1)]
    assert {ended(process) for process in processes} == {0}
    return killed


def test_the_same_command_again_ends_in_the_same(again: Clean) -> None:
    assert result() == again.result


def test_a_scheduler_that_is_started_later_finds_nothing_left_to_run(again: Clean) -> None:
    with database.open_url(database.airflow_url()) as connection:
        runs = connection.execute(
            "select dag_id, state from dag_run where state not in ('success', 'failed')"
        ).fetchall()
        tasks = connection.execute(
            "select dag_id, state from task_instance where state not in ('success', 'failed')"
        ).fetchall()
        requests = connection.execute(
            "select target_dag_id, partition_key from asset_partition_dag_run"
            " where created_dag_run_id is null"
        ).fetchall()
    assert (runs, tasks, requests) == ([], [], [])
