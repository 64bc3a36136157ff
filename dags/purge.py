"""Xóa tệp quá hạn lưu: sau bước backup."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import AFTER_THE_BACKUP, ASSETS, NAMES, export_day, settings_of


@dag(schedule=AFTER_THE_BACKUP, **settings_of("purge"))
def purge() -> None:
    """Xóa khỏi vùng lưu những tệp quá hạn lưu, ghi lại đã xóa gì; dọn lịch sử cũ của Airflow."""

    @task(inlets=[ASSETS["fetch"]], task_display_name=NAMES["purge"])
    @in_plain_words
    def purge_night(dag_run: Any) -> None:
        from chiso766 import airflow_history
        from chiso766.purge import purge_night

        day = export_day(dag_run)
        purge_night(day)
        airflow_history.prune(day)

    purge_night()


purge()
