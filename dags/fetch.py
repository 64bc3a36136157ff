"""Nhận tệp: bước fetch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.steps import ASSETS, NIGHTLY, export_day, settings_of


@dag(schedule=NIGHTLY, **settings_of("fetch"))
def fetch() -> None:
    """Nhận tệp xuất của ngày từ thư mục giao nhận vào vùng landing (`fetch.py`).

    Chạy lúc 01:00 cho ngày vừa hết. Chạy bù một khoảng ngày (hết ngày cuối):

        airflow backfill create --dag-id fetch --from-date 2026-11-01 --to-date 2026-11-30T23:59
    """

    @task(outlets=[ASSETS["fetch"]])
    def fetch_day(dag_run: Any) -> None:
        from chiso766.fetch import fetch_day

        fetch_day(export_day(dag_run))

    fetch_day()


fetch()
