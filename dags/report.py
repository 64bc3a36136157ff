"""Lập báo cáo định kỳ: sau bước publish."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import AFTER_THE_NIGHT, ASSETS, NAMES, export_day, settings_of


@dag(schedule=AFTER_THE_NIGHT, **settings_of("report"))
def report() -> None:
    """Lập các biểu kiểm soát TTHC và bản tóm tắt của kỳ báo cáo vừa hết."""

    # Until the next night: this one may be late.
    @task(retries=24, inlets=[ASSETS["gate"]], task_display_name=NAMES["report"])
    @in_plain_words
    def make_official(dag_run: Any) -> None:
        from chiso766.report import make_official

        make_official(export_day(dag_run))

    make_official()


report()
