"""What the DAGs have in common: the order of the five steps, assets, retries and deadline."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable, PartitionedAssetTimetable
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert

from chiso766 import settings
from chiso766.deadline import ByMorning, raise_alarm

# Step -> the asset it leaves behind, in the order of a row's way.
ASSETS = {
    "fetch": Asset("landing"),
    "check": Asset("raw"),
    "build": Asset("marts_next"),
    "gate": Asset("marts"),
    "publish": Asset("reports"),
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


def after(step: str) -> PartitionedAssetTimetable:
    """Run when ``step`` has left its asset, for the same export day."""
    return PartitionedAssetTimetable(assets=ASSETS[step])


def settings_of(dag_id: str) -> dict[str, Any]:
    """What ``@dag`` is given besides the schedule; the steps have a deadline."""
    common = {
        "dag_id": dag_id,
        # After days off only the last night is run by itself; ./chiso status names the others.
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["chiso766"],
        "default_args": {
            "owner": "chiso766",
            "retries": 3,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(hours=1),
        },
    }
    if dag_id not in ASSETS:
        return common
    deadline = DeadlineAlert(
        name="06:00",
        reference=ByMorning(),
        interval=timedelta(0),
        callback=AsyncCallback(raise_alarm),
    )
    return common | {"deadline": deadline}


def export_day(dag_run: Any) -> date:
    """The export day of a run: its partition key."""
    return date.fromisoformat(dag_run.partition_key)
