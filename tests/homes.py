"""A home of some tests' own, beside that of the session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def other_home(path: Path) -> Iterator[pytest.MonkeyPatch]:
    """CHISO_HOME is another one while the body runs, which may set more variables.

    What other tests of this process set for Airflow would name the session's.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("AIRFLOW_"):
                environment.delenv(name)
        environment.setenv("CHISO_HOME", str(path))
        yield environment
