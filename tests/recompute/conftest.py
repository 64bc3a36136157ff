"""Every test here starts with an empty warehouse; the compiled models find the seeds there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chiso766.build import build_marts
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate

from ..compiled import Compiled
from ..deliveries import empty_warehouse

__all__ = ["empty_warehouse"]


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    return Compiled()


@pytest.fixture(scope="module")
def seeds(warehouse: Path) -> None:
    """dbt has built the marts once, without any dossier, and so loaded the seeds."""
    fetch_day(date(2026, 1, 1))
    build_marts()
    open_gate()
