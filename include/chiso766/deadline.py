"""The alarm at 06:00 where last night's marts are not there.

Each step's run carries the deadline of its export day and drops it when it succeeds; the run of the
next step then carries it. So at 06:00 the step that failed, hangs or was late still holds it and
the alarm names that step, also where the steps after it never ran.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk.definitions.deadline import BaseDeadlineReference

from chiso766 import database, notify, settings
from chiso766.errors import ChisoError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MORNING = time(6, 0)


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
    day = date.fromisoformat(run["partition_key"])
    # A mail server that is slow must not keep the triggerer's other work waiting.
    await asyncio.to_thread(warn_if_unpublished, day, run["dag_id"])


def warn_if_unpublished(day: date, step: str) -> None:
    """Raise the alarm of a day, unless its marts were published another way."""
    if not _is_published(day):
        notify.night_unpublished(day, step, morning_after(day))


def _is_published(day: date) -> bool:
    try:
        with database.connect() as connection:
            row = connection.execute(
                "select from ops.build where state = 'published' and as_of_day >= %s limit 1", [day]
            ).fetchone()
    except ChisoError:
        return False  # no database, no marts
    return row is not None
