"""At 06:00 the step that is not done raises the alarm, unless the marts are there anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chiso766 import database, settings

VIETNAM = ZoneInfo(settings.TIMEZONE)
# A day whose morning is still to come, as that of every scheduled run is when it is made.
DAY = datetime.now(VIETNAM).date() + timedelta(days=1)
SIX = datetime.combine(DAY + timedelta(days=1), time(6, 0), VIETNAM)


@pytest.fixture(scope="module")
def sessions(warehouse: Path, airflow: None):
    from airflow.utils.session import create_session

    from chiso766 import airflow_runs

    airflow_runs.prepare()
    return create_session


@pytest.fixture
def make_run(sessions) -> Iterator[Callable[..., int]]:
    """Make a run of a step in Airflow's metadata, as the scheduler does; nothing executes it."""
    made: list[int] = []

    def make(step: str, day: date, kind: str, run_after: datetime) -> int:
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        with sessions(scoped=False) as session:
            run = SerializedDagModel.get_dag(step, session=session).create_dagrun(
                run_id=f"{kind}__{len(made)}",
                run_type=DagRunType(kind),
                run_after=run_after,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                start_date=run_after,
                partition_key=day.isoformat(),
                session=session,
            )
            session.flush()
            made.append(run.id)
        return made[-1]

    yield make
    metadata("delete from dag_run where id = any(%s)", made)


def metadata(query: str, *arguments: object) -> list[tuple]:
    with database.open_url(database.airflow_url()) as connection:
        cursor = connection.execute(query.encode(), arguments)
        return cursor.fetchall() if cursor.description else []


def deadlines(run: int) -> list[datetime]:
    return [
        moment
        for (moment,) in metadata("select deadline_time from deadline where dagrun_id = %s", run)
    ]


def alarms() -> list[str]:
    log = settings.load().logs / "alerts.log"
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("step", ["fetch", "check", "build", "gate", "publish"])
def test_a_run_of_the_night_is_due_at_six_local_time(make_run, step: str) -> None:
    kind = "scheduled" if step == "fetch" else "asset_triggered"
    run = make_run(step, DAY, kind, SIX - timedelta(hours=5))
    assert deadlines(run) == [SIX]


def test_a_run_made_after_six_or_to_catch_up_is_not_due(make_run) -> None:
    assert deadlines(make_run("check", DAY, "asset_triggered", SIX)) == []
    one_hour_before = SIX - timedelta(hours=1)
    assert deadlines(make_run("fetch", DAY, "backfill", one_hour_before)) == []


def end(run: int, state: str, sessions) -> None:
    """End the only task of a run and let Airflow draw its conclusions."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel

    with sessions(scoped=False) as session:
        dag_run = session.get_one(DagRun, run)
        dag_run.dag = SerializedDagModel.get_dag(dag_run.dag_id, session=session)
        dag_run.verify_integrity(dag_version_id=dag_run.created_dag_version_id, session=session)
        for task in dag_run.get_task_instances(session=session):
            task.state = state
        session.flush()
        dag_run.update_state(session=session)
        assert dag_run.state == state


def test_a_step_that_is_done_is_no_longer_due_and_a_failed_one_still_is(make_run, sessions) -> None:
    before = SIX - timedelta(hours=5)
    done, failed = (make_run("check", DAY, "asset_triggered", before) for _ in range(2))
    end(done, "success", sessions)
    end(failed, "failed", sessions)
    assert deadlines(done) == []
    assert deadlines(failed) == [SIX]


def test_the_alarm_names_the_day_the_step_and_what_to_do(sessions, logged) -> None:
    from chiso766.deadline import raise_alarm

    day = date(2026, 11, 20)
    asyncio.run(raise_alarm({"dag_run": {"dag_id": "check", "partition_key": str(day)}}))
    assert alarms()[-1] == (
        "06:00 21/11/2026: số liệu của ngày 2026-11-20 chưa được công bố vì bước check chưa xong;"
        " hãy xem nhật ký của bước đó trong Airflow, rồi chạy ./chiso nightly 2026-11-20."
        " Chưa có số liệu nào được công bố."
    )
    assert logged == [(alarms()[-1], {"step": "check", "day": str(day)})]


def test_no_alarm_where_the_marts_were_published_another_way(sessions) -> None:
    from chiso766.deadline import warn_if_unpublished

    day = date(2026, 11, 19)
    with database.connect() as connection:
        connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state) values (%s, 0, 'published')",
            [day],
        )
    before = alarms()
    warn_if_unpublished(day, "gate")
    assert alarms() == before
    warn_if_unpublished(day + timedelta(days=1), "gate")
    assert len(alarms()) == len(before) + 1


def test_the_moment_is_local_and_not_utc() -> None:
    from chiso766.deadline import morning_after

    assert morning_after(date(2026, 12, 31)) == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
