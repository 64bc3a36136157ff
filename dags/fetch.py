"""Nhận tệp: bước fetch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from chiso766.steps import ASSETS, NIGHTLY, export_day, settings_of

REASON = Param(
    None,
    type=["null", "string"],
    title="Lý do nạp lại",
    description="Để trống là chạy bình thường; có lý do là nạp lại mọi tệp của ngày này.",
)


@dag(schedule=NIGHTLY, params={"reason": REASON}, **settings_of("fetch"))
def fetch() -> None:
    """Nhận tệp xuất của ngày từ thư mục giao nhận và các kết nối vào vùng landing (`fetch.py`).

    Chạy lúc 01:00 cho ngày vừa hết. Chạy bù một khoảng ngày (hết ngày cuối):

        airflow backfill create --dag-id fetch --from-date 2026-11-01 --to-date 2026-11-30T23:59
    """

    @task(outlets=[ASSETS["fetch"]])
    def fetch_day(dag_run: Any, ti: Any) -> None:
        from chiso766 import fetch, reload

        if (reason := (dag_run.conf or {}).get("reason")) is not None:
            reload.ask_reload(export_day(dag_run), reason, dag_run.run_id)
        fetch.fetch_day(export_day(dag_run), is_last_try=ti.try_number > ti.max_tries)

    fetch_day()


fetch()
