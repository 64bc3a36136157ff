"""The alarm at 06:00 where last night's marts are not there.

Each step's run carries the deadline of its export day and drops it when it succeeds; the run of the
next step then carries it. So at 06:00 the step that failed, hangs or was late still holds it and
the alarm names that step, also where the steps after it never ran.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk.definitions.deadline import BaseDeadlineReference

from chiso766 import database, settings
from chiso766.errors import ChisoError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MORNING = time(6, 0)

log = logging.getLogger(__name__)


class ByMorning(BaseDeadlineReference):
    """06:00 local time of the day after the run's export day, its partition key.

    A run that was made later than that, or to catch up, has no deadline to miss.
    """

    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models.dagrun import DagRun
        from airflow.utils.types import DagRunType
        from sqlalchemy import select

        run = session.scalars(
            select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        ).one()
        if run.run_type == DagRunType.BACKFILL_JOB or run.partition_key is None:
            return None
        moment = morning_after(date.fromisoformat(run.partition_key))
        return moment if run.run_after < moment else None


def morning_after(day: date) -> datetime:
    """The moment by which the marts of an export day are promised."""
    return datetime.combine(day + timedelta(days=1), MORNING, ZoneInfo(settings.TIMEZONE))


async def raise_alarm(context: dict[str, Any]) -> None:
    """Called by Airflow's triggerer when a deadline is missed; ``context`` names the run."""
    run = context["dag_run"]
    warn_if_unpublished(date.fromisoformat(run["partition_key"]), run["dag_id"])


def warn_if_unpublished(day: date, step: str) -> None:
    """Write the alarm of a day to logs/alerts.log, unless its marts were published another way."""
    if _is_published(day):
        return
    sentence = (
        f"{morning_after(day):%H:%M %d/%m/%Y}: số liệu của ngày {day} chưa được công bố vì bước"
        f" {step} chưa xong; hãy xem nhật ký của bước đó trong Airflow, rồi chạy ./chiso nightly"
        f" {day}."
    )
    log.error(sentence)
    with open(settings.make_private(settings.load().logs) / "alerts.log", "a") as file:
        file.write(sentence + "\n")


def _is_published(day: date) -> bool:
    try:
        with database.connect() as connection:
            row = connection.execute(
                "select from ops.build where state = 'published' and as_of_day >= %s limit 1", [day]
            ).fetchone()
    except ChisoError:
        return False  # no database, no marts
    return row is not None
