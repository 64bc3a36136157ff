"""What ``./chiso demo`` takes after installation: ``python -m benchmarks.demo``.

In an empty CHISO_HOME each time; goal: 90 seconds.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

from benchmarks.measure import machine, medians, table

from chiso766 import server

_CHISO = [sys.executable, "-P", "-m", "chiso766"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as home:
            os.environ |= {"CHISO_HOME": home, "PYTHONUNBUFFERED": "1"}
            try:
                runs.append(demo())
                about = machine()
            finally:
                server.stop()
    seconds = medians(runs)
    print(about)
    print(table(("part", "s"), [(part, f"{each:.1f}") for part, each in seconds.items()]))


def demo() -> dict[str, float]:
    """The seconds from each kind of line that the demo prints to the next line, and of all."""
    seconds: dict[str, float] = defaultdict(float)
    started = last = time.monotonic()
    part = "start"
    # What it is doing goes to standard error.
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([*_CHISO, "demo"], **streams, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.monotonic()
            seconds[part] += now - last
            part, last = _part(line) or part, now
    if process.returncode:
        raise RuntimeError(f"./chiso demo failed with {process.returncode}")
    now = time.monotonic()
    seconds[part] += now - last
    return seconds | {"all": now - started}


def _part(line: str) -> str | None:
    """What begins with a line: the sample, or a step of the nights."""
    if line.startswith("Viết tệp xuất mẫu"):
        return "sample"
    if line.startswith("Đã viết"):
        return "Airflow's database"
    step = re.fullmatch(r"\d{4}-\d\d-\d\d (.+)\n", line)
    return step[1] if step else None


if __name__ == "__main__":
    main()
