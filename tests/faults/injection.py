"""Counts what a process does to files and to the database, and at a chosen event does a fault.

It is installed from outside: into a child of the tests (``nights.py``), or into every Python that
the launcher starts (``launched/sitecustomize.py``). The product knows nothing of it. An event is
counted just before it happens (the start of a process just after), so the event after it is the
moment just after it.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import psycopg2
from psycopg2.extensions import cursor as Psycopg2Cursor

END = "end"
FOLDERS = ("landing", "reports", "unfinished")
"""Those of a home that a step writes to; logs are no part of the result."""
A_PROCESS = "a process started"
A_STEP = "step "
"""Before the name of a step: Airflow opens the log of its task."""

_FILES = {"open": "open", "os.rename": "rename", "os.remove": "remove", "os.mkdir": "mkdir"}
_TASK_LOG = re.compile(r"/dag_id=(\w+)/.*attempt=1\.log$")
# The tables of a source are all one kind of event.
_OF_A_SOURCE = re.compile(r"\b(raw\.|load\.stage_|stage_)\w+")
_BY_DBT = re.compile(r'^\s*/\* \{"app": "dbt".*?\*/', re.DOTALL)
_PATIENCE_S = 30


@dataclass(frozen=True)
class Fault:
    """``act``: a key of ``ACTS``. When: at the so-manieth event, of all or of that name."""

    act: str
    number: int = 1
    event: str = ""


class Injection:
    """``events``: the names of all that was counted. ``is_done``: the fault happened."""

    def __init__(self, home: Path, fault: Fault | None) -> None:
        self.events: list[str] = []
        self.is_done = False
        self._folders = tuple(f"{home / name}" for name in FOLDERS)
        self._home = home
        self._fault = fault
        self._left = fault.number if fault else 0

    def install(self) -> None:
        """For good: the process is one that ends with what it tests."""
        sys.addaudithook(self._audit)
        self._before(os, "fsync", lambda *_: "fsync")
        for name in ("execute", "executemany", "copy"):
            self._before(psycopg.Cursor, name, _statement)
        self._before(psycopg.Copy, "write_row", lambda *_: "copy a row")
        self._before(psycopg.Copy, "__exit__", lambda *_: "copy ends")
        self._before(psycopg.Transaction, "__enter__", lambda *_: "begin")
        self._before(psycopg.Transaction, "__exit__", lambda *_: "commit")
        self._before(psycopg.Connection, "commit", lambda *_: "commit")
        psycopg2.connect = partial(psycopg2.connect, cursor_factory=self._dbt_cursor())
        self._after(subprocess.Popen, "__init__", A_PROCESS)

    def happens(self, event: str) -> None:
        self.events.append(event)
        if self._fault is None or self.is_done or self._fault.event not in ("", event):
            return
        self._left -= 1
        if not self._left:
            self.is_done = True
            ACTS[self._fault.act](self._home)

    def _before(self, owner: Any, name: str, event: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.happens(event(*arguments))
            return original(*arguments, **named)

        setattr(owner, name, counted)

    def _after(self, owner: Any, name: str, event: str) -> None:
        original = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> None:
            original(*arguments, **named)
            self.happens(event)

        setattr(owner, name, counted)

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name not in _FILES or not isinstance(arguments[0], str | os.PathLike):
            return
        path = str(arguments[0])
        if path.startswith(self._folders):
            self.happens(f"{_FILES[name]} in {Path(path).relative_to(self._home).parts[0]}")
        elif name == "os.rename" and path.startswith(f"{self._home}/"):
            self.happens("rename in the home")
        elif found := _TASK_LOG.search(path):
            self.happens(f"{A_STEP}{found[1]}")

    def _dbt_cursor(self) -> type:
        injection = self

        class Counted(Psycopg2Cursor):
            def execute(self, query: Any, *arguments: Any) -> Any:
                if isinstance(query, str) and (comment := _BY_DBT.match(query)):
                    injection.happens(f"dbt {_kind(query[comment.end() :])}")
                return super().execute(query, *arguments)

        return Counted


def _statement(cursor: psycopg.Cursor, query: Any, *_: Any) -> str:
    """Statements that are not ours are those of Great Expectations, of many shapes."""
    return _kind(query) if "application_name=chiso766" in cursor.connection.info.dsn else "a rule"


def _kind(query: Any) -> str:
    """The first words of a statement."""
    text = query.decode() if isinstance(query, bytes) else query
    words = text.split()[:4] if isinstance(text, str) else [type(query).__name__]
    return _OF_A_SOURCE.sub(r"\1", " ".join(words))


def _kill(home: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_group(home: Path) -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _kill_children(home: Path) -> None:
    for child in psutil.Process().children():
        child.kill()


def _stop(home: Path) -> None:
    """Until somebody says ``SIGCONT``."""
    os.kill(os.getpid(), signal.SIGSTOP)


def _kill_postgres(home: Path) -> None:
    """All its processes at once, as when the machine's memory ends; the port stays closed."""
    family = postgres_processes(home)
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=_PATIENCE_S)


def _kill_backend(home: Path) -> None:
    """One of its processes: the server ends all sessions, recovers and is there again."""
    process = max(postgres_processes(home)[1:], key=lambda process: process.create_time())
    process.kill()
    psutil.wait_procs([process], timeout=_PATIENCE_S)


def _restart_postgres(home: Path) -> None:
    from chiso766 import server

    server.stop()
    server.start()


def _disk_full(home: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def postgres_processes(home: Path) -> list[psutil.Process]:
    """The server of a home, its first process first."""
    kept = (home / "postgres" / "data" / "postmaster.pid").read_text()
    first = psutil.Process(int(kept.splitlines()[0]))
    return [first, *first.children(recursive=True)]


ACTS: dict[str, Callable[[Path], None]] = {
    "kill": _kill,
    "kill group": _kill_group,
    "kill children": _kill_children,
    "stop": _stop,
    "kill postgres": _kill_postgres,
    "kill backend": _kill_backend,
    "restart postgres": _restart_postgres,
    "disk full": _disk_full,
}
