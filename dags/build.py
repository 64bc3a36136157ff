"""Dựng số liệu: bước build."""

from __future__ import annotations

from airflow.sdk import dag, task

from chiso766.steps import ASSETS, after, settings_of


@dag(schedule=after("check"), **settings_of("build"))
def build() -> None:
    """dbt dựng và kiểm thử `marts_next` tính đến đêm mới nhất (`build.py`)."""

    @task(outlets=[ASSETS["build"]])
    def build_marts() -> None:
        from chiso766.build import build_marts

        build_marts()

    build_marts()


build()
