"""Mở cổng: bước gate."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, NAMES, after, export_day, settings_of


@dag(schedule=after("build"), **settings_of("gate"))
def gate() -> None:
    """Thay số liệu đang đọc bằng số liệu vừa dựng, trong một giao dịch."""

    @task(outlets=[ASSETS["gate"]], task_display_name=NAMES["gate"])
    @in_plain_words
    def open_gate(dag_run: Any) -> None:
        from chiso766.gate import open_gate

        export_day(dag_run)  # without one, what is left behind would start no other step
        open_gate()

    open_gate()


gate()
