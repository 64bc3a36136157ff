"""Công bố: bước publish."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, NAMES, after, export_day, settings_of


@dag(schedule=after("gate"), **settings_of("publish"))
def publish() -> None:
    """Viết trang báo cáo từ số liệu đã công bố, báo những gì chưa nhận được."""

    @task(outlets=[ASSETS["publish"]], task_display_name=NAMES["publish"])
    @in_plain_words
    def publish_reports(dag_run: Any) -> None:
        from chiso766 import metrics, notify
        from chiso766.publish import publish_reports

        publish_reports()
        notify.data_faults(export_day(dag_run), dag_run.run_after)
        metrics.send(export_day(dag_run))

    publish_reports()


publish()
