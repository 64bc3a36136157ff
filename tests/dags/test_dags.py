"""The DAGs say when, and nothing else: they import without work, hang together and retry."""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextvars import copy_context
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from structlog.contextvars import get_contextvars

from chiso766 import settings
from chiso766.errors import ChisoError

STEPS = ("fetch", "check", "build", "gate", "publish")
DAGS = (*STEPS, "portal", "report", "backup", "purge")
VIETNAM = ZoneInfo(settings.TIMEZONE)

# Whatever opens a connection while the files are read fails the import.
IMPORT_ALONE = """
import importlib.util, pathlib, socket, sys
from airflow.sdk import DAG
def refuse(*arguments): raise AssertionError("a connection while importing")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
for path in sorted(pathlib.Path("dags").glob("*.py")):
    spec = importlib.util.spec_from_file_location(f"dag_{path.stem}", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert len(path.read_text().splitlines()) < 40, f"{path} is not thin"
names = ("fetch", "check", "build", "gate", "publish", "portal", "report", "backup", "purge")
steps = {f"chiso766.{name}" for name in names}
heavy = {"great_expectations", "dbt.cli.main", "pandas"}
assert not (steps | heavy) & set(sys.modules), (steps | heavy) & set(sys.modules)
"""


@pytest.fixture(scope="module")
def dags(airflow: None):
    from chiso766 import airflow_runs

    return airflow_runs.prepare()


def test_importing_the_dags_does_no_work(airflow: None) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALONE],
        cwd=settings.PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_there_is_one_dag_per_step_and_beside_them_those_that_no_step_waits_for(
    dags,
) -> None:
    from chiso766 import airflow_runs

    assert set(dags) == set(DAGS)
    files = {path.stem for path in (settings.PROJECT_ROOT / "dags").glob("*.py")}
    assert files == set(DAGS)
    assert airflow_runs.STEPS == STEPS  # a night made up for would get what is published today


@pytest.mark.parametrize("step", DAGS)
def test_each_dag_runs_one_day_at_a_time_and_retries_with_growing_pauses(dags, step: str) -> None:
    dag = dags[step]
    [task] = dag.tasks
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert task.retries == (24 if step == "report" else 3)
    assert task.retry_delay == timedelta(minutes=5)
    assert task.retry_exponential_backoff == 2
    assert task.max_retry_delay == timedelta(hours=1)


@pytest.mark.parametrize("step", DAGS)
def test_each_dag_says_whose_it_is_what_it_does_and_what_to_do_when_it_fails(
    dags, step: str
) -> None:
    dag = dags[step]
    assert dag.owner == "Trung tâm Phục vụ hành chính công"
    assert "chiso766" in dag.tags
    assert f"{step}.py" in dag.doc_md
    for part in ("Làm gì.", "Khi nào.", "Đọc.", "Ghi.", "Khi hỏng."):
        assert f"**{part}**" in dag.doc_md
    assert "**Chạy lại" in dag.doc_md or "**Lập lại" in dag.doc_md
    assert "    ./chiso " in dag.doc_md  # how it is run again without the UI
    [task] = dag.tasks
    assert task.task_display_name == dag.dag_display_name


def test_airflow_lists_the_dags_in_the_order_of_the_night(dags) -> None:
    by_name = sorted(dags, key=lambda name: dags[name].dag_display_name)
    assert by_name == ["portal", *STEPS, "report", "backup", "purge"]


@pytest.mark.parametrize("step", DAGS)
def test_a_try_that_fails_ends_its_log_with_the_cause_and_the_last_one_tells_people(
    dags, step: str
) -> None:
    from chiso766 import failures, notify

    [task] = dags[step].tasks
    assert task.on_retry_callback == [failures.say_cause]
    assert task.on_failure_callback == [notify.step_failed, failures.say_cause]


def test_a_reload_is_asked_for_in_a_form(dags) -> None:
    form = dags["fetch"].params.get_param("reason")
    assert form.schema["title"] == "Lý do nạp lại"
    assert "Partition Key" in form.description
    assert form.resolve() is None  # a night that runs by itself reloads nothing
    assert form.resolve("nguồn đã sửa tệp") == "nguồn đã sửa tệp"


@pytest.mark.parametrize("key", [None, "", "20261122", "22/11/2026", "hôm qua"])
def test_a_run_without_an_export_day_says_where_to_write_it_and_is_not_tried_again(
    airflow: None, key: str | None
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from chiso766.steps import export_day

    with pytest.raises(ChisoError, match="ô Partition Key") as raised:
        export_day(SimpleNamespace(partition_key=key))
    assert isinstance(raised.value, AirflowFailException)


def test_the_log_of_a_run_without_an_export_day_names_its_dag_alone(dags) -> None:
    [task] = dags["fetch"].tasks
    [begin] = task.on_execute_callback
    run = SimpleNamespace(partition_key="hôm qua")

    def named() -> dict[str, str]:
        begin({"dag": dags["fetch"], "dag_run": run})
        return get_contextvars()

    assert copy_context().run(named) == {"step": "fetch"}


@pytest.mark.parametrize("step", STEPS)
def test_each_dag_is_due_at_six_of_the_morning_after(dags, step: str) -> None:
    [alert] = dags[step].deadline
    assert type(alert.reference).__name__ == "ByMorning"
    assert alert.interval == timedelta(0)
    assert alert.callback.path == "chiso766.deadline.raise_alarm"


def test_every_step_but_the_first_waits_for_the_asset_of_the_one_before(dags) -> None:
    [fetch] = dags["fetch"].tasks
    assert [inlet.name for inlet in fetch.inlets] == ["exports"]
    made = {"fetch": "landing", "check": "raw", "build": "marts_next", "gate": "marts"}
    made["publish"] = "reports"
    for step, asset in made.items():
        [task] = dags[step].tasks
        assert [outlet.name for outlet in task.outlets] == [asset]
    for before, step in itertools.pairwise(STEPS):
        timetable = dags[step].timetable
        assert timetable.asset_condition.name == made[before]
        assert type(timetable.default_partition_mapper).__name__ == "IdentityMapper"


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("fetch", time(1, 0)),
        ("portal", time(0, 30)),
        ("report", time(5, 0)),
        ("backup", time(5, 30)),
        ("purge", time(5, 45)),
    ],
)
def test_the_night_starts_at_one_for_the_day_that_has_ended_the_portal_before_the_reports_after(
    dags, name: str, at: time
) -> None:
    from airflow.timetables.base import DagRunInfo, TimeRestriction

    timetable = core_timetable(dags[name])
    last = datetime.combine(date(2026, 11, 21), at, VIETNAM).astimezone(UTC)
    info = timetable.next_dagrun_info_v2(
        last_dagrun_info=DagRunInfo(
            run_after=last, data_interval=None, partition_date=None, partition_key=None
        ),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
    )
    assert info.run_after == datetime.combine(date(2026, 11, 22), at, VIETNAM)
    assert info.partition_key == "2026-11-21"


@pytest.mark.parametrize("name", ["portal", "report", "backup", "purge"])
def test_what_is_beside_the_steps_keeps_none_of_them_waiting(dags, name: str) -> None:
    [task] = dags[name].tasks
    assert not task.outlets
    assert not dags[name].deadline


def test_the_reports_are_made_for_the_export_day_that_the_run_is_of(
    dags, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chiso766 import report

    asked = []
    monkeypatch.setattr(report, "make_official", asked.append)
    [task] = dags["report"].tasks
    task.python_callable(dag_run=SimpleNamespace(partition_key="2026-11-14"))
    assert asked == [date(2026, 11, 14)]


def test_files_are_purged_for_the_export_day_that_the_run_is_of(
    dags, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chiso766 import airflow_history, purge

    asked = []
    monkeypatch.setattr(purge, "purge_night", asked.append)
    monkeypatch.setattr(airflow_history, "prune", asked.append)
    [task] = dags["purge"].tasks
    task.python_callable(dag_run=SimpleNamespace(partition_key="2026-11-14"))
    assert asked == [date(2026, 11, 14)] * 2


def test_where_no_portal_is_declared_its_run_ends_at_once(
    dags, caplog: pytest.LogCaptureFixture
) -> None:
    [task] = dags["portal"].tasks
    with caplog.at_level("INFO"):
        task.python_callable(dag_run=SimpleNamespace(partition_key="2026-11-20"))
    assert "Chưa khai báo kết nối cong_dvcqg" in caplog.text


def test_a_backfill_makes_one_partition_for_each_day_of_the_range(dags) -> None:
    from airflow.models.backfill import ReprocessBehavior, _do_dry_run
    from airflow.utils.session import create_session

    with create_session() as session:
        infos = list(
            _do_dry_run(
                dag_id="fetch",
                from_date=datetime(2026, 2, 27, tzinfo=UTC),
                to_date=datetime.combine(date(2026, 3, 1), time(23, 59), UTC),
                reverse=False,
                reprocess_behavior=ReprocessBehavior.NONE,
                session=session,
            )
        )
    assert [info.partition_key for info in infos] == ["2026-02-27", "2026-02-28", "2026-03-01"]


def test_a_partition_is_the_same_moment_however_its_run_was_made(dags) -> None:
    from airflow.timetables.base import DagRunInfo, TimeRestriction

    from chiso766.airflow_runs import partition_date

    timetable = core_timetable(dags["fetch"])
    last = datetime(2026, 11, 21, 1, 0, tzinfo=VIETNAM).astimezone(UTC)
    scheduled = timetable.next_dagrun_info_v2(
        last_dagrun_info=DagRunInfo(
            run_after=last, data_interval=None, partition_date=None, partition_key=None
        ),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
    )
    assert scheduled.partition_date == partition_date(date(2026, 11, 21))


def test_an_installation_starts_with_the_coming_night_and_not_with_a_past_one(dags) -> None:
    from airflow.timetables.base import TimeRestriction

    info = core_timetable(dags["fetch"]).next_dagrun_info_v2(
        last_dagrun_info=None,
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert info.run_after > datetime.now(UTC)


def core_timetable(dag):
    from airflow.serialization.encoders import coerce_to_core_timetable

    return coerce_to_core_timetable(dag.timetable)
