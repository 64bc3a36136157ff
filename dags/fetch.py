"""Nhận tệp: bước fetch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from chiso766.failures import in_plain_words
from chiso766.steps import ASSETS, EXPORTS, NAMES, NIGHTLY, export_day, settings_of

REASON = Param(
    None,
    type=["null", "string"],
    title="Lý do nạp lại",
    description="Để trống là chạy bình thường. Có lý do là nạp lại mọi tệp của ngày ghi ở ô"
    " Partition Key; lý do được giữ trong sổ.",
    maxLength=500,
)


@dag(schedule=NIGHTLY, params={"reason": REASON}, **settings_of("fetch"))
def fetch() -> None:
    """Nhận tệp xuất của ngày vào vùng lưu."""

    @task(inlets=[EXPORTS], outlets=[ASSETS["fetch"]], task_display_name=NAMES["fetch"])
    @in_plain_words
    def fetch_day(dag_run: Any, ti: Any) -> None:
        from chiso766 import fetch, reload

        if (reason := (dag_run.conf or {}).get("reason")) is not None:
            reload.ask_reload(export_day(dag_run), reason, dag_run.run_id)
        fetch.fetch_day(export_day(dag_run), is_last_try=ti.try_number > ti.max_tries)

    fetch_day()


fetch()
