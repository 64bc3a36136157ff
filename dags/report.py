"""Lập báo cáo định kỳ: sau bước publish."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.steps import AFTER_THE_NIGHT, export_day, settings_of


@dag(schedule=AFTER_THE_NIGHT, **settings_of("report"))
def report() -> None:
    """Lập các biểu kiểm soát TTHC và bản tóm tắt của kỳ báo cáo vừa hết (`report.py`).

    Chạy lúc 05:00, chỉ làm việc khi ngày vừa hết là ngày chốt số liệu. Lập lại một kỳ đã qua:

        airflow backfill create --dag-id report --from-date 2026-11-14 --to-date 2026-11-14T23:59
    """

    # Until the next night: this one may be late.
    @task(retries=24)
    def make_official(dag_run: Any) -> None:
        from chiso766.report import make_official

        make_official(export_day(dag_run))

    make_official()


report()
