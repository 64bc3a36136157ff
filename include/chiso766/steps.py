"""What the DAGs have in common: names, order of the steps, assets, retries, deadline, messages."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable, PartitionedAssetTimetable
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert
from airflow.sdk.exceptions import AirflowFailException
from structlog.contextvars import bind_contextvars

from chiso766 import failures, notify, settings
from chiso766.deadline import ByMorning, raise_alarm
from chiso766.errors import ChisoError

OWNER = "Trung tâm Phục vụ hành chính công"


def _asset(name: str, about: str) -> Asset:
    """An asset of a row's way; ``extra`` is what Airflow keeps of it for people."""
    return Asset(name, group="Đường đi của một dòng", extra={"mô tả": about})


EXPORTS = _asset("exports", "Tệp xuất của các hệ thống: thư mục giao nhận và các kết nối.")
# Step -> the asset it leaves behind, in the order of a row's way.
ASSETS = {
    "fetch": _asset("landing", "Vùng lưu: mọi tệp đã nhận, nguyên từng byte, theo SHA-256."),
    "check": _asset("raw", "Dòng được nhận (schema raw); dòng sai quy tắc nằm ở set_aside."),
    "build": _asset("marts_next", "Số liệu vừa dựng và kiểm thử, chưa ai đọc được."),
    "gate": _asset("marts", "Số liệu đã công bố: schema marts, mọi người đọc ở đây."),
    "publish": _asset("reports", "Trang báo cáo buổi sáng và bảng dòng phải sửa cho từng nguồn."),
}

# DAG -> its name for people, in the order in which Airflow lists them.
NAMES = {
    "portal": "0. Hỏi điểm đã công bố",
    "fetch": "1. Nhận tệp",
    "check": "2. Kiểm tra và nạp",
    "build": "3. Dựng số liệu",
    "gate": "4. Mở cổng",
    "publish": "5. Công bố",
    "report": "6. Lập báo cáo định kỳ",
    "backup": "7. Sao lưu",
    "purge": "8. Xóa tệp quá hạn lưu",
}


def _daily(cron: str) -> CronPartitionTimetable:
    """Run for the export day that has ended at midnight.

    An installation's first run is the coming night's; a later start makes up for the last night at
    once.
    """
    return CronPartitionTimetable(
        cron,
        timezone=settings.TIMEZONE,
        run_offset=-1,
        key_format="%Y-%m-%d",
        run_immediately=timedelta(0),
    )


NIGHTLY = _daily("0 1 * * *")
# Early enough that the same night loads what the portal answered.
BEFORE_THE_NIGHT = _daily("30 0 * * *")
# Late enough that the night is published; a report that comes before it is tried again.
AFTER_THE_NIGHT = _daily("0 5 * * *")
BEFORE_THE_DAY = _daily("30 5 * * *")
AFTER_THE_BACKUP = _daily("45 5 * * *")


def after(step: str) -> PartitionedAssetTimetable:
    """Run when ``step`` has left its asset, for the same export day."""
    return PartitionedAssetTimetable(assets=ASSETS[step])


def settings_of(dag_id: str) -> dict[str, Any]:
    """What ``@dag`` is given besides the schedule; the steps have a deadline.

    The DAG's documentation is the file ``dags/<dag_id>.md``.
    """
    is_step = dag_id in ASSETS
    common = {
        "dag_id": dag_id,
        "dag_display_name": NAMES[dag_id],
        "doc_md": str(settings.PROJECT_ROOT / "dags" / f"{dag_id}.md"),
        # After days off only the last night is run by itself; ./chiso status names the others.
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["chiso766", "đường đi của một dòng" if is_step else "bên cạnh"],
        "default_args": {
            "owner": OWNER,
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(hours=1),
            "on_execute_callback": name_in_log,
            "on_retry_callback": failures.say_cause,
            # The cause comes last, so that it ends the log.
            "on_failure_callback": [notify.step_failed, failures.say_cause],
        },
    }
    if not is_step:
        return common
    deadline = DeadlineAlert(
        name="06:00",
        reference=ByMorning(),
        interval=timedelta(0),
        callback=AsyncCallback(raise_alarm),
    )
    return common | {"deadline": deadline}


class WrongDay(ChisoError, AirflowFailException):
    """A run was asked for without an export day; to try it again would change nothing."""


def export_day(dag_run: Any) -> date:
    """The export day of a run: its partition key. Raises ``WrongDay`` where it names none."""
    key = dag_run.partition_key or ""
    try:
        day = date.fromisoformat(key)
    except ValueError:
        day = None
    if day is None or day.isoformat() != key:
        raise WrongDay(
            f"Lần chạy này nêu “{key}” chứ không nêu một ngày dữ liệu: hãy bấm Trigger lại và ghi"
            " ngày vào ô Partition Key, ví dụ 2026-11-22."
        )
    return day


def name_in_log(context: Mapping[str, Any]) -> None:
    """Called by Airflow when a try begins: each line of its log names the step and its day."""
    bind_contextvars(step=context["dag"].dag_id)
    with suppress(WrongDay):
        bind_contextvars(day=export_day(context["dag_run"]).isoformat())
