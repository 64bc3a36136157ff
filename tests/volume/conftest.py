"""The marts that look at the bookkeeping, which the tests write as many nights would have."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso766.build import run_dbt
from chiso766.database import connect

from ..deliveries import DAY


@pytest.fixture(scope="module")
def live_views(warehouse: Path) -> None:
    """``data_status`` and what is below it, in ``marts_next``."""
    assert run_dbt(["build", "--select", "+data_status"], DAY, 0).success


@pytest.fixture
def no_nights(live_views: None) -> None:
    with connect() as connection:
        connection.execute(
            "truncate set_aside.row, ops.load, ops.file, ops.fetch_failure, ops.night cascade"
        )
        connection.execute("delete from ops.build")  # truncating it would reach the history
