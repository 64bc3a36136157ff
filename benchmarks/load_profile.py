"""Where the time of a load goes: ``python -m benchmarks.load_profile FILE``.

FILE: an export of dossiers, CSV or JSONL, as the generator writes them. It is loaded into an empty
warehouse of its own. Printed are, of each step, the seconds that passed and the processor seconds
of this process and of its sessions of PostgreSQL, as far as they are still open (helpers of
parallel queries are not counted).
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from chiso766 import check, fetch, server, suites, warehouse
from chiso766.database import connect

_DAY = date(2026, 11, 20)
_STEPS = {
    "read and copy": (check._Load, "read"),
    "check": (suites, "broken_rows"),
    "account and insert": (check._Load, "account"),
    "the whole load": (check, "check_day"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    given = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CHISO_HOME": f"{folder}/home", "CHISO_EXPORTS": f"{folder}/exports"}
        target = Path(folder, "exports", _DAY.isoformat(), "dossiers", given.name)
        target.parent.mkdir(parents=True)
        shutil.copyfile(given, target)
        server.start()
        try:
            warehouse.prepare()
            fetch.fetch_day(_DAY)
            _profile()
        finally:
            server.stop()


def _profile() -> None:
    suites.suite("dossiers")  # importing Great Expectations takes seconds, once in a night
    print("| step | seconds | Python, CPU s | PostgreSQL, CPU s |\n|---|--:|--:|--:|", flush=True)
    for label, (place, name) in _STEPS.items():
        setattr(place, name, _timed(label, getattr(place, name)))
    check.check_day(_DAY)
    with connect() as connection:
        print(connection.execute("select sum(rows_read) from ops.load").fetchone(), "rows")


def _timed(label: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        before = _clocks()
        result = step(*arguments)
        spent = (after - start for after, start in zip(_clocks(), before, strict=True))
        print(f"| {label} | {' | '.join(f'{seconds:.2f}' for seconds in spent)} |", flush=True)
        return result

    return run


def _clocks() -> tuple[float, float, float]:
    with connect() as connection:
        pids = connection.execute(
            "select pid from pg_stat_activity where usename = current_user and state is not null"
        ).fetchall()
    sessions = (psutil.Process(pid).cpu_times() for (pid,) in pids if psutil.pid_exists(pid))
    return time.monotonic(), time.process_time(), sum(each.user + each.system for each in sessions)


if __name__ == "__main__":
    main()
