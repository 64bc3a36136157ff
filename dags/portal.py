"""Hỏi điểm đã công bố: trước bước fetch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import BEFORE_THE_NIGHT, NAMES, export_day, settings_of


@dag(schedule=BEFORE_THE_NIGHT, **settings_of("portal"))
def portal() -> None:
    """Hỏi Cổng DVCQG điểm đã công bố, nhận câu trả lời vào vùng lưu."""

    @task(task_display_name=NAMES["portal"])
    @in_plain_words
    def pull_day(dag_run: Any) -> None:
        from chiso766.portal import pull_day

        pull_day(export_day(dag_run))

    pull_day()


portal()
