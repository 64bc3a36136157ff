"""A published night of two communes, for those who read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from chiso766 import database
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.publish import publish_reports
from chiso766.sample import write_sample

NIGHTS = (date(2026, 11, 2), date(2026, 11, 3))


@pytest.fixture(scope="module")
def owner(
    warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The marts, seen by their owner; some rows of the exports are broken."""
    exports = tmp_path_factory.mktemp("sample") / "exports"
    write_sample(exports, units=2, dossiers=60, days=2, seed=5, last_day=NIGHTS[-1], dirt=0.05)
    shutil.copytree(exports, warehouse, dirs_exist_ok=True)
    for night in NIGHTS:
        fetch_day(night)
        check_day(night)
    build_marts()
    open_gate()
    publish_reports()
    with database.connect(autocommit=True) as connection:
        yield connection
