"""Read spoilt files until the time is over.

    PYTHONPATH=include python -m tests.fuzz --minutes 10 [--seed 0]

Each seed spoils one file (attempt.py). They are tried in child processes, so that one that kills
its process is a find like any other. Exit code 1 where something was found; its seed repeats it:
``python -m tests.fuzz --only SEED``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

from .attempt import attempt

_SEEDS_OF_A_CHILD = 2000


def _search(begin: int, minutes: float) -> int:
    """Start children until the time is over; returns 1 if one of them found something."""
    ends_at = time.monotonic() + minutes * 60
    seed = begin
    found = 0
    while time.monotonic() < ends_at:
        seeds = [seed + _SEEDS_OF_A_CHILD * number for number in range(os.cpu_count() or 1)]
        children = {first: _child(first) for first in seeds}
        for first, child in children.items():
            if child.wait() not in (0, 1):
                print(f"one of the seeds from {first} on killed its process: {child.returncode}")
            found += child.returncode != 0
        seed = seeds[-1] + _SEEDS_OF_A_CHILD
        print(f"{seed - begin:,} files, {found} children found something", flush=True)
    return 1 if found else 0


def _child(first: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fuzz", "--from", str(first)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


def _attempts(seeds: range) -> int:
    """Try the seeds; returns 1 if one of them found something."""
    found = 0
    with TemporaryDirectory() as folder:
        for seed in seeds:
            try:
                attempt(seed, Path(folder))
            except Exception:
                found += 1
                print(f"seed {seed}:", flush=True)
                traceback.print_exc()
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--only", type=int)
    parser.add_argument("--from", dest="first", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only is not None:
        return _attempts(range(given.only, given.only + 1))
    if given.first is not None:
        return _attempts(range(given.first, given.first + _SEEDS_OF_A_CHILD))
    return _search(given.seed, given.minutes)


if __name__ == "__main__":
    sys.exit(main())
