"""Mở cổng: bước gate."""

from __future__ import annotations

from airflow.sdk import dag, task

from chiso766.steps import ASSETS, after, settings_of


@dag(schedule=after("build"), **settings_of("gate"))
def gate() -> None:
    """Thay số liệu đang đọc bằng số liệu vừa dựng, trong một giao dịch (`gate.py`)."""

    @task(outlets=[ASSETS["gate"]])
    def open_gate() -> None:
        from chiso766.gate import open_gate

        open_gate()

    open_gate()


gate()
