"""A setting that the database cannot follow is named before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso766 import warehouse as warehouse_tables
from chiso766.errors import ChisoError


def test_a_database_without_citus_is_named_with_what_to_do(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_CITUS", "1")
    with pytest.raises(ChisoError, match=r"dữ liệu test không có Citus: .*create extension citus"):
        warehouse_tables.prepare()
