"""Runs of the DAGs, made and followed by ourselves: what ./chiso nightly is to Airflow.

A run is written to Airflow's metadata like any other, with its partition and asset events. Where a
scheduler lives, it executes the run; where none does, the run is executed in this process. Asset
events of our runs ask for runs of the next step, as always; those are ours to make, so the request
is written beforehand and its row kept locked, which a scheduler passes over.

To be imported after ``airflow_env.apply()``. Airflow offers no public way to do this: what is used
here of its inside belongs to the pinned version.
"""

from __future__ import annotations

import contextvars
import time as clock
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import UUID

import structlog
from airflow import settings as airflow_settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.jobs.job import most_recent_job
from airflow.models.asset import AssetEvent, AssetPartitionDagRun, PartitionedAssetKeyLog
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import TaskInstance as TaskToRun
from airflow.sdk.execution_time.supervisor import run_task_in_process
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import compute_rollup_fingerprint
from airflow.utils.db import upgradedb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, State, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from structlog.typing import EventDict

from chiso766 import airflow_env
from chiso766.errors import ChisoError
from chiso766.steps import ASSETS, NIGHTLY
from chiso766.terminal import output_into

STEPS = tuple(ASSETS)
_POLL_S = 0.5


def prepare() -> dict[str, DAG]:
    """Bring Airflow's metadata to its version and our DAGs into it; returns the DAGs by name."""
    if _name_error not in (processors := structlog.get_config()["processors"]):
        processors.insert(-1, _name_error)
    upgradedb()
    manager = DagBundlesManager()  # type: ignore[no-untyped-call]
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    [bundle] = manager.get_all_dag_bundles()
    bundle.initialize()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    sync_bag_to_db(bag, bundle.name, bundle.version)
    missing = set(STEPS) - set(bag.dags)
    if missing:
        raise ChisoError(
            f"Airflow không đọc được DAG {', '.join(sorted(missing))}: hãy xem nhật ký trong"
            f" {airflow_env.log_folder()}."
        )
    return dict(bag.dags)


def _name_error(logger: object, method: str, line: EventDict) -> EventDict:
    """Give a traceback the name by which Airflow's UI knows it; a worker's supervisor does so."""
    if "exception" in line:
        line["error_detail"] = line.pop("exception")
    return line


def has_scheduler() -> bool:
    """Whether a scheduler of this metadata database is alive, here or on another machine."""
    job = most_recent_job("SchedulerJob")
    return job is not None and job.is_alive()


def end_left_over(days: Sequence[date] = ()) -> None:
    """End the runs of a process that was killed: its tasks are no scheduler's, so none would.

    ``days``: are about to be run anew, so whatever of them has not ended yet ends, too. To be
    called where neither a scheduler nor another night in the foreground is alive.
    """
    ended = {day.isoformat() for day in days}
    with create_session(scoped=False) as session:
        of_ours = (DagRun.dag_id.in_(STEPS), DagRun.state.in_(State.unfinished_dr_states))
        runs = session.scalars(select(DagRun).where(*of_ours)).all()
        orphaned = (run for run in runs if any(map(_is_orphan, run.task_instances)))
        ended |= {run.partition_key or "" for run in orphaned}
        for run in runs:
            if run.partition_key not in ended:
                continue
            for task in run.task_instances:
                if task.state not in State.finished:
                    task.set_state(TaskInstanceState.FAILED, session=session)
            run.set_state(DagRunState.FAILED)
        requests = select(AssetPartitionDagRun.id).where(
            AssetPartitionDagRun.created_dag_run_id.is_(None),
            AssetPartitionDagRun.target_dag_id.in_(STEPS),
            AssetPartitionDagRun.partition_key.in_(ended),
        )
        _delete_requests(session.scalars(requests).all(), session)


def _is_orphan(task: TaskInstance) -> bool:
    """Whether it was begun by a process like this one."""
    begun = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING)
    return task.state in begun and task.queued_by_job_id is None


def _delete_requests(ids: Sequence[int], session: Session) -> None:
    log = PartitionedAssetKeyLog.asset_partition_dag_run_id
    session.execute(delete(PartitionedAssetKeyLog).where(log.in_(ids)))
    session.execute(delete(AssetPartitionDagRun).where(AssetPartitionDagRun.id.in_(ids)))


class Requests:
    """Requests for runs that our own asset events will make; see the module's docstring.

    Each step's are locked by a transaction of their own, which ends when its run is made.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._requests: dict[str, list[AssetPartitionDagRun]] = defaultdict(list)

    def expect(self, step: str, day: date) -> None:
        """The run before ``step`` is about to start: what it asks for is ours."""
        with create_session(scoped=False) as session:  # committed, so that the event finds it
            dag = _serialized(step, session)
            request = AssetPartitionDagRun(
                target_dag_id=step,
                partition_key=day.isoformat(),
                partition_date=partition_date(day),
                rollup_fingerprint=compute_rollup_fingerprint(dag.timetable),
            )
            session.add(request)
            session.flush()
            request_id = request.id
        if step not in self._sessions:
            self._sessions[step] = Session(airflow_settings.engine)
        locked = self._sessions[step].scalars(
            select(AssetPartitionDagRun)
            .where(AssetPartitionDagRun.id == request_id)
            .with_for_update(key_share=True)
        )
        self._requests[step].append(locked.one())

    def answer(self, run: DagRun) -> None:
        """``run`` is what the requests for its step asked for: it consumes their events."""
        if run.dag_id not in self._sessions:
            return
        session = self._sessions.pop(run.dag_id)
        requests = self._requests.pop(run.dag_id)
        run = session.get_one(DagRun, run.id)
        events = select(AssetEvent).join(
            PartitionedAssetKeyLog, PartitionedAssetKeyLog.asset_event_id == AssetEvent.id
        )
        for request in requests:
            request.created_dag_run_id = run.id
            mine = PartitionedAssetKeyLog.asset_partition_dag_run_id == request.id
            run.consumed_asset_events.extend(session.scalars(events.where(mine)))
        session.commit()
        session.close()

    def withdraw(self) -> None:
        """Something failed: nobody shall run later what was not run now."""
        for step, session in self._sessions.items():
            _delete_requests([request.id for request in self._requests[step]], session)
            session.commit()
            session.close()


class Runner:
    """Runs steps one after the other; use as a context manager."""

    def __init__(self, dags: dict[str, DAG], by_scheduler: bool) -> None:
        self._dags = dags
        self._by_scheduler = by_scheduler
        self._requests = Requests()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *error: object) -> None:
        self._requests.withdraw()

    def run(self, step: str, day: date, reason: str | None = None) -> None:
        """Run a step for an export day and wait for its end; raises what the step raised.

        ``reason``: why the day's files shall be loaded again; only the first step asks for it.
        """
        position = STEPS.index(step)
        if position + 1 < len(STEPS):
            self._requests.expect(STEPS[position + 1], day)
        run = self._create(step, day, reason)
        self._requests.answer(run)
        if self._by_scheduler:
            _wait(run)
        else:
            _execute(run, self._dags[step])

    def _create(self, step: str, day: date, reason: str | None) -> DagRun:
        now = datetime.now(UTC)
        is_first = step == STEPS[0]
        kind = DagRunType.MANUAL if is_first else DagRunType.ASSET_TRIGGERED
        with create_session(scoped=False) as session:
            if self._by_scheduler and session.get_one(DagModel, step).is_paused:
                raise ChisoError(
                    f"DAG {step} đang tạm dừng trong Airflow: hãy bật nó lại rồi chạy lại."
                )
            return _serialized(step, session).create_dagrun(
                run_id=DagRun.generate_run_id(run_type=kind, logical_date=None, run_after=now),
                run_type=kind,
                run_after=now,
                conf={"reason": reason} if is_first and reason else None,
                start_date=None if self._by_scheduler else now,
                triggered_by=DagRunTriggeredByType.CLI if is_first else DagRunTriggeredByType.ASSET,
                state=DagRunState.QUEUED if self._by_scheduler else DagRunState.RUNNING,
                partition_key=day.isoformat(),
                partition_date=partition_date(day),
                session=session,
            )


def _serialized(step: str, session: Session) -> SerializedDAG:
    dag = SerializedDagModel.get_dag(step, session=session)
    if dag is None:
        raise ChisoError(f"Airflow không biết DAG {step}: hãy xem thư mục dags/ rồi chạy lại.")
    return dag


def partition_date(day: date) -> datetime:
    """The moment by which Airflow knows a partition, the same for every kind of run."""
    [info] = coerce_to_core_timetable(NIGHTLY).iter_partition_dagrun_infos(
        earliest=datetime.combine(day, time.min, UTC), latest=datetime.combine(day, time.max, UTC)
    )
    assert info.partition_date is not None
    return info.partition_date


def _wait(run: DagRun) -> None:
    while True:
        with create_session(scoped=False) as session:
            state = session.get_one(DagRun, run.id).state
        if state == DagRunState.SUCCESS:
            return
        if state == DagRunState.FAILED:
            raise ChisoError(
                f"Bước {run.dag_id} của ngày {run.partition_key} không xong: hãy xem nhật ký của"
                " bước đó trong Airflow."
            )
        if not has_scheduler():
            raise ChisoError(
                "Bộ lập lịch của Airflow đã dừng giữa chừng: hãy chạy ./chiso up rồi chạy lại."
            )
        clock.sleep(_POLL_S)


def _execute(run: DagRun, dag: DAG) -> None:
    """Run the tasks in this process, without retries: whoever waits for them is told at once."""
    with create_session(scoped=False) as session:
        run = session.get_one(DagRun, run.id)
        run.dag = _serialized(run.dag_id, session)
        while tasks := _ready_tasks(run, session):
            for task in tasks:
                try:
                    error = _execute_task(task, dag)
                except BaseException as interruption:  # Airflow never learned of it
                    task.set_state(TaskInstanceState.FAILED)
                    error = interruption
                session.expire_all()
                if error is not None:
                    run.update_state(session=session)
                    session.commit()
                    raise error


def _ready_tasks(run: DagRun, session: Session) -> list[TaskInstance]:
    ready, _ = run.update_state(session=session)
    for task in ready:
        task.try_number += 1
        task.max_tries = 0
        task.state = TaskInstanceState.QUEUED
    session.commit()
    return ready


def _execute_task(task: TaskInstance, dag: DAG) -> BaseException | None:
    to_run = TaskToRun(
        id=UUID(str(task.id)),
        task_id=task.task_id,
        dag_id=task.dag_id,
        run_id=task.run_id,
        try_number=task.try_number,
        map_index=task.map_index,
        dag_version_id=UUID(str(task.dag_version_id)),
    )
    with output_into(_task_log(task)):
        # What its lines are about is not what those of the next one are about.
        context = contextvars.copy_context()
        result = context.run(run_task_in_process, ti=to_run, task=dag.task_dict[task.task_id])
    return result.error


def _task_log(task: TaskInstance) -> Path:
    """Where Airflow's UI looks for the log of a task."""
    folder = f"dag_id={task.dag_id}/run_id={task.run_id}/task_id={task.task_id}"
    return airflow_env.log_folder() / folder / f"attempt={task.try_number}.log"
