"""What ``./chiso status`` says of the newest build."""

from __future__ import annotations

import pytest

from chiso766 import database, system
from chiso766.build_lock import build_lock

DAY = "2026-11-14"
pytestmark = pytest.mark.usefixtures("warehouse")


def said() -> str:
    with database.connect() as connection:
        return system._last_build(connection)


def test_a_build_that_broke_off_is_told_from_one_at_work() -> None:
    with build_lock() as connection:
        connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state) values (%s, 0, 'building')",
            [DAY],
        )
        assert said().startswith(f"Đêm gần nhất: số liệu đến hết ngày {DAY} đang dựng từ ")
    assert "rồi bị ngắt giữa chừng" in said()
    assert said().endswith(f"hãy chạy lại bằng ./chiso nightly {DAY}")
