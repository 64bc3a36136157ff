"""Công bố: bước publish."""

from __future__ import annotations

from airflow.sdk import dag, task

from chiso766.steps import ASSETS, after, settings_of


@dag(schedule=after("gate"), **settings_of("publish"))
def publish() -> None:
    """Viết trang báo cáo từ số liệu đã công bố (`publish.py`)."""

    @task(outlets=[ASSETS["publish"]])
    def publish_reports() -> None:
        from chiso766.publish import publish_reports

        publish_reports()

    publish_reports()


publish()
