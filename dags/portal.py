"""Hỏi điểm đã công bố: trước bước fetch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task

from chiso766.steps import BEFORE_THE_NIGHT, export_day, settings_of


@dag(schedule=BEFORE_THE_NIGHT, **settings_of("portal"))
def portal() -> None:
    """Hỏi Cổng DVCQG điểm đã công bố, nhận câu trả lời vào vùng landing (`portal.py`).

    Chạy lúc 00:30, chỉ khi có kết nối `cong_dvcqg`. Cổng chỉ trả lời số liệu lúc được hỏi, nên đừng
    chạy bù cho ngày cũ: ngày đó sẽ mang số liệu của hôm nay.
    """

    @task
    def pull_day(dag_run: Any) -> None:
        from chiso766.portal import pull_day

        pull_day(export_day(dag_run))

    pull_day()


portal()
