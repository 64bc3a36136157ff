"""The checks of the code and the tests: what ./chiso lint and ./chiso test run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from chiso766 import settings

_CHECKS = {
    "ruff": ["ruff", "check", "--quiet"],
    "ruff format": ["ruff", "format", "--check", "--quiet"],
    "mypy": ["mypy", "--no-error-summary"],
    "sqlfluff": [
        "sqlfluff",
        "lint",
        "--disable-progress-bar",
        "--processes",
        "0",
        "dbt/models",
        "dbt/tests",
        "include/chiso766/sql",
        "docs/queries",
    ],
}


def lint() -> int:
    """Run every check of the code; returns 0 if all are clean."""
    failed = [name for name, command in _CHECKS.items() if _run(name, command)]
    print(f"Kiểm tra mã: {'sai ở ' + ', '.join(failed) if failed else 'sạch'}.", flush=True)
    return 1 if failed else 0


def test(arguments: Sequence[str]) -> int:
    """Run the checks and all tests, or only the tests in ``arguments``; returns 0 if all pass."""
    if arguments:
        return _run("pytest", ["pytest", *arguments])
    lint_code = lint()
    # As many files at a time as there are processors; each process has a server of its own.
    return _run("pytest", ["pytest", "--numprocesses=auto", "--dist=loadfile"]) or lint_code


def _run(name: str, command: Sequence[str]) -> int:
    print(f"── {name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command], cwd=settings.PROJECT_ROOT, check=False
    )
    outcome = "sai" if done.returncode else "đạt"
    print(f"── {name}: {outcome}, {time.monotonic() - started:.0f} giây", flush=True)
    return done.returncode
