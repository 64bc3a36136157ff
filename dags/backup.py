"""Sao lưu kho dữ liệu: sau bước report."""

from __future__ import annotations

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, BEFORE_THE_DAY, NAMES, settings_of


@dag(schedule=BEFORE_THE_DAY, **settings_of("backup"))
def backup() -> None:
    """Sao lưu cả kho dữ liệu, bỏ những bản quá cũ."""

    @task(inlets=[ASSETS["gate"]], task_display_name=NAMES["backup"])
    @in_plain_words
    def leave_backup() -> None:
        from chiso766 import backup

        backup.nightly()

    leave_backup()


backup()
