"""Kiểm tra và nạp: bước check."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, NAMES, after, export_day, settings_of


@dag(schedule=after("fetch"), **settings_of("check"))
def check() -> None:
    """Kiểm tra từng tệp, nạp dòng đúng, để riêng dòng sai."""

    @task(outlets=[ASSETS["check"]], task_display_name=NAMES["check"])
    @in_plain_words
    def check_day(dag_run: Any) -> None:
        from chiso766.check import check_day

        check_day(export_day(dag_run))

    check_day()


check()
