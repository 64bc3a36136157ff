"""Dựng số liệu: bước build."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, NAMES, after, export_day, settings_of


@dag(schedule=after("check"), **settings_of("build"))
def build() -> None:
    """Dựng và kiểm thử số liệu tính đến đêm mới nhất."""

    @task(outlets=[ASSETS["build"]], task_display_name=NAMES["build"])
    @in_plain_words
    def build_marts(dag_run: Any) -> None:
        from chiso766.build import build_marts

        export_day(dag_run)  # without one, what is left behind would start no other step
        build_marts()

    build_marts()


build()
