"""The whole system on one machine: it starts, runs nights on its own, alarms, and stops cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psutil
import pytest

from chiso766 import database, page_server, server, system

from ..homes import other_home

# Never yesterday, which a scheduler makes up for by itself.
BEFORE, FIRST, LAST, BY_HAND = (date(2026, 3, number) for number in (9, 10, 11, 12))
DISTURBED, BESIDE, NEWEST = (date(2026, 3, number) for number in (14, 15, 16))
STEPS = ("fetch", "check", "build", "gate", "publish")
PATIENCE_S = 900
NAMES = (*system.COMPONENTS, system.PAGE)
PUBLISHED = "select count(*) from ops.build where state = 'published'"

# What the scheduler does for a step that fails in the night, with its deadline moved to the past.
MISS_A_DEADLINE = """
from datetime import UTC, date, datetime, timedelta
from chiso766 import airflow_env
airflow_env.apply()
from airflow.models.deadline import Deadline
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select
now = datetime.now(UTC)
with create_session() as session:
    run = SerializedDagModel.get_dag("check", session=session).create_dagrun(
        run_id="asset_triggered__missed", run_type=DagRunType.ASSET_TRIGGERED, run_after=now,
        triggered_by=DagRunTriggeredByType.ASSET, state=DagRunState.FAILED, start_date=now,
        partition_key=str(date.today() + timedelta(days=1)), session=session)
    session.flush()
    deadline = session.scalars(select(Deadline).where(Deadline.dagrun_id == run.id)).one()
    deadline.deadline_time = now - timedelta(minutes=1)
"""


@pytest.fixture(scope="module", autouse=True)
def up(tmp_path_factory: pytest.TempPathFactory, chiso: Callable[..., Any]) -> Iterator[Path]:
    """The home of a running system of the module's own, which ran a night before it was up."""
    home = tmp_path_factory.mktemp("up") / "home"
    with other_home(home):
        try:
            for command in (["nightly", str(BEFORE)], ["up"]):
                done = chiso(*command)
                assert done.returncode == 0, done.stderr
            yield home
        finally:
            chiso("down")


def api(path: str, token: str | None = None, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        system.ui_address() + path,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"}
        | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def login(home: Path) -> str:
    [(user, password)] = json.loads((home / "airflow" / "login.json").read_text()).items()
    answer = api("/auth/token", body={"username": user, "password": password})
    return str(answer["access_token"])


def until(condition: Callable[[], Any]) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 2):
        if condition():
            return
        pause.wait(0.5)
    raise AssertionError("it did not happen")


def metadata(query: str) -> list[tuple]:
    with database.open_url(database.airflow_url()) as connection:
        return connection.execute(query.encode()).fetchall()


def processes_of(home: Path) -> list[psutil.Process]:
    """All that runs for this home: the components with their children, and PostgreSQL."""
    components = [process for name in NAMES if (process := system.component(name))]
    children = [child for process in components for child in process.children(recursive=True)]
    postmaster = int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])
    postgres = psutil.Process(postmaster)
    return [*components, *children, postgres, *postgres.children(recursive=True)]


def test_every_component_is_healthy() -> None:
    health = api("/api/v2/monitor/health")
    assert {part: of["status"] for part, of in health.items()} == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }


def test_it_listens_on_loopback_only(up: Path) -> None:
    listening = set()
    for process in processes_of(up):
        # The DAG processor's children come and go; one that is gone listens no more.
        with contextlib.suppress(psutil.NoSuchProcess):
            listening |= {
                (connection.laddr.ip, connection.laddr.port)
                for connection in process.net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            }
    assert {address for address, _ in listening} == {"127.0.0.1"}
    ports = {urlsplit(at).port for at in (system.ui_address(), page_server.address())}
    assert {*ports, urlsplit(database.warehouse_url()).port} <= {port for _, port in listening}


def test_only_the_password_of_this_installation_opens_the_ui(up: Path) -> None:
    assert (up / "airflow" / "login.json").stat().st_mode & 0o777 == 0o600
    for body in (
        {"username": "chiso", "password": "chiso"},
        {"username": "admin", "password": "admin"},
        {"username": "chiso", "password": "mat-khau-sai"},
    ):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            api("/auth/token", body=body)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        api("/api/v2/dags")
    dags = api("/api/v2/dags", login(up))["dags"]
    paused = {dag["dag_id"]: dag["is_paused"] for dag in dags}
    assert paused == dict.fromkeys((*STEPS, "portal", "report", "backup", "purge"), False)
    assert api("/api/v2/importErrors", login(up))["import_errors"] == []


# Who asks says nothing and is told nothing of a DAG, a run or a connection.
OPEN = {"/api/v2/monitor/health", "/api/v2/version"}


def test_without_a_token_the_api_answers_nothing_that_it_knows(up: Path) -> None:
    paths = api("/openapi.json")["paths"]
    asked = {
        path: re.sub(r"\{\w+\}", "1", path)
        for path, methods in paths.items()
        if "get" in methods and path not in OPEN and not path.startswith("/api/v2/auth/")
    }
    assert len(asked) > 40
    for token in (None, "ai-do-doan"):
        for path, filled in asked.items():
            with pytest.raises(urllib.error.HTTPError) as refused:
                api(filled, token)
            assert refused.value.code in (401, 403), path
    for path, body in (("/api/v2/dags/fetch/dagRuns", {"logical_date": None}), ("/execution/", {})):
        with pytest.raises(urllib.error.HTTPError) as refused:
            api(path, body=body)
        assert refused.value.code in (401, 403, 404), path


def test_every_file_of_the_reports_is_recorded_as_an_export(up: Path) -> None:
    with database.connect() as connection:
        exports = connection.execute(
            "select path from ops.file_export where ended_at is not null"
        ).fetchall()
    recorded = {Path(path) for (path,) in exports}
    files = [path for path in (up / "reports").rglob("*") if path.is_file()]
    assert up / "reports" / "scorecard.html" in files
    assert [path for path in files if not recorded & {path, *path.parents}] == []


def test_no_secret_is_on_a_command_line(up: Path) -> None:
    secrets = [
        *json.loads((up / "passwords.json").read_text()).values(),
        *json.loads((up / "airflow" / "keys.json").read_text()).values(),
        *json.loads((up / "airflow" / "login.json").read_text()).values(),
    ]
    lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def test_status_says_what_runs_and_when_the_next_night_is(chiso: Callable[..., Any]) -> None:
    said = chiso("status").stdout
    assert "PostgreSQL: đang chạy" in said
    assert f"Airflow: đang chạy, {system.ui_address()}" in said
    assert f"Trang báo cáo: {page_server.address()}" in said
    assert "Đêm tới: 01:00 ngày" in said
    assert f"Đêm gần nhất: số liệu đến hết ngày {BEFORE} đã công bố" in said


def test_the_ui_shows_the_night_that_ran_before_with_its_partition_assets_and_log(
    up: Path,
) -> None:
    token = login(up)
    for step in STEPS:
        [run] = api(f"/api/v2/dags/{step}/dagRuns", token)["dag_runs"]
        assert (run["partition_key"], run["state"]) == (str(BEFORE), "success")
        tasks = f"/api/v2/dags/{step}/dagRuns/{run['dag_run_id']}/taskInstances"
        [task] = api(tasks, token)["task_instances"]
        log = api(f"{tasks}/{task['task_id']}/logs/1", token)
        assert "Task instance state updated" in json.dumps(log)
    events = api("/api/v2/assets/events", token)["asset_events"]
    assert {event["partition_key"] for event in events} == {str(BEFORE)}
    assert len(events) == len(STEPS)


def test_a_second_up_starts_nothing_new(chiso: Callable[..., Any]) -> None:
    before = {name: system.component(name) for name in NAMES}
    assert chiso("up").returncode == 0
    assert {name: system.component(name) for name in NAMES} == before


def test_a_backfill_runs_every_step_for_every_day(up: Path) -> None:
    command = ["backfill", "create", "--dag-id", "fetch", "--from-date", str(FIRST)]
    command += ["--to-date", f"{LAST}T23:59"]
    subprocess.run(
        [sys.executable, "-P", "-m", "chiso766.airflow_env", *command],
        check=True,
        capture_output=True,
    )
    wanted = {(step, str(day), "success") for step in STEPS for day in (FIRST, LAST)}
    until(lambda: wanted <= set(metadata("select dag_id, partition_key, state from dag_run")))
    with database.connect() as connection:
        nights = {day for (day,) in connection.execute("select export_day from ops.night")}
    assert {FIRST, LAST} <= nights


def test_a_night_in_the_foreground_is_run_by_the_scheduler_once(
    up: Path, chiso: Callable[..., Any]
) -> None:
    last = BY_HAND + timedelta(days=1)
    folder = up / "exports" / str(BY_HAND) / "units"
    folder.mkdir(parents=True)
    (folder / "dot1.csv").write_text("MaDonVi,TenDonVi,Cap\nH24.999,Phường Nhị Chiểu,xa\n")
    (folder / "dot2.json").write_text("{")
    done = chiso("nightly", str(BY_HAND), "--to", str(last))
    assert (done.returncode, done.stdout) == (0, f"Đã công bố số liệu đến hết ngày {last}.\n")
    runs = metadata(
        "select dag_id, partition_key from dag_run"
        f" where partition_key between '{BY_HAND}' and '{last}' order by 1, 2"
    )
    loads = [(step, str(day)) for step in ("fetch", "check") for day in (BY_HAND, last)]
    assert runs == sorted([*loads, *((step, str(last)) for step in STEPS[2:])])
    assert "đã công bố" in chiso("status").stdout


def test_what_a_worker_logs_names_the_step_the_day_the_source_and_the_load(up: Path) -> None:
    token = login(up)
    lines = {}
    for step in STEPS[:2]:
        runs = api(f"/api/v2/dags/{step}/dagRuns", token)["dag_runs"]
        [run] = (run["dag_run_id"] for run in runs if run["partition_key"] == str(BY_HAND))
        [log] = (up / f"logs/airflow/dag_id={step}/run_id={run}").rglob("attempt=1.log")
        lines[step] = [json.loads(line) for line in log.read_text().splitlines()]
        [end] = (line for line in lines[step] if line["event"].startswith("Done. Returned value"))
        assert (end["step"], end["day"]) == (step, str(BY_HAND))
    said = [
        (line["load_id"], line["source"], line["day"], line["level"])
        for line in lines["check"]
        if "load_id" in line
    ]
    with database.connect() as connection:
        loads = connection.execute("select load_id, state from ops.load order by load_id")
        assert said == [
            (load, "units", str(BY_HAND), {"loaded": "info", "refused": "warning"}[state])
            for load, state in loads
        ]
    assert {level for *_, level in said} == {"info", "warning"}


def test_the_form_of_the_ui_reloads_a_chosen_day_and_the_night_follows(up: Path) -> None:
    token = login(up)
    form = api("/api/v2/dags/fetch/details", token)["params"]["reason"]
    assert form["schema"]["title"] == "Lý do nạp lại"
    asked = {"reason": "nguồn đã sửa tệp"}
    body = {"logical_date": None, "partition_key": str(FIRST), "conf": asked}
    run = api("/api/v2/dags/fetch/dagRuns", token, body)["dag_run_id"]
    with database.connect() as connection:
        [(before,)] = connection.execute(PUBLISHED)
    until(lambda: counted(PUBLISHED) > before)
    with database.connect() as connection:
        reloads = connection.execute("select run_id, export_day, reason from ops.reload").fetchall()
    assert reloads == [(run, FIRST, asked["reason"])]


def test_a_run_without_a_day_fails_at_once_and_its_log_ends_with_what_to_do(up: Path) -> None:
    token = login(up)
    run = api("/api/v2/dags/fetch/dagRuns", token, {"logical_date": None})["dag_run_id"]
    tried = f"/api/v2/dags/fetch/dagRuns/{quote(run)}/taskInstances/fetch_day"
    until(lambda: api(tried, token)["state"] == "failed")
    assert api(tried, token)["try_number"] == 1
    log = api(f"{tried}/logs/1", token)["content"]
    *_, last = (line["event"] for line in log if "::endgroup::" not in line["event"])
    assert "hãy bấm Trigger lại và ghi ngày vào ô Partition Key" in last


def counted(query: str) -> int:
    with database.connect() as connection:
        [(count,)] = connection.execute(query.encode())
    return int(count)


def test_the_asset_graph_reads_as_the_way_of_a_row(up: Path) -> None:
    assets = {asset["name"]: asset for asset in api("/api/v2/assets", login(up))["assets"]}
    way = [("exports", "fetch")]
    while (dag := way[-1][1]) is not None:
        [made] = [name for name, of in assets.items() if dag in made_by(of)]
        [follows] = [each["dag_id"] for each in assets[made]["scheduled_dags"]] or [None]
        way.append((made, follows))
    assert way == list(
        zip(
            ("exports", "landing", "raw", "marts_next", "marts", "reports"),
            (*STEPS, None),
            strict=True,
        )
    )
    [reader] = assets["exports"]["consuming_tasks"]
    assert reader["dag_id"] == "fetch"
    assert {asset["group"] for asset in assets.values()} == {"Đường đi của một dòng"}
    assert all(asset["extra"]["mô tả"].endswith(".") for asset in assets.values())


def made_by(asset: dict[str, Any]) -> set[str]:
    return {task["dag_id"] for task in asset["producing_tasks"]}


def test_what_had_run_before_was_not_run_again() -> None:
    runs = metadata(f"select dag_id from dag_run where partition_key = '{BEFORE}'")
    assert sorted(runs) == sorted((step,) for step in STEPS)


def test_a_missed_deadline_raises_the_alarm(up: Path) -> None:
    subprocess.run([sys.executable, "-P", "-c", MISS_A_DEADLINE], check=True, capture_output=True)
    alerts = up / "logs" / "alerts.log"
    # Started after 06:00, the system also says that last night's marts are not there.
    until(lambda: alerts.exists() and "bước check chưa xong" in alerts.read_text())


def test_the_page_of_the_newest_night_is_served(up: Path) -> None:
    with urllib.request.urlopen(page_server.address(), timeout=30) as answer:
        assert answer.read() == (up / "reports" / "scorecard.html").read_bytes()


def ask_for_a_night(day: date, token: str) -> None:
    """As the form of the UI does; the steps follow each other."""
    api("/api/v2/dags/fetch/dagRuns", token, {"logical_date": None, "partition_key": str(day)})


def runs_of(day: date) -> list[tuple]:
    return metadata(f"select dag_id, state from dag_run where partition_key = '{day}' order by id")


@pytest.mark.skipif(
    not os.environ.get("CHISO_TEST_CRASHES"), reason="takes long: CHISO_TEST_CRASHES=1"
)
def test_a_night_whose_database_restarts_and_whose_scheduler_is_killed_is_published_once(
    up: Path, chiso: Callable[..., Any]
) -> None:
    """The database holds the warehouse and Airflow's metadata. What takes minutes until Airflow
    sees to it is made to have happened an hour ago."""
    ask_for_a_night(DISTURBED, login(up))
    of_the_day = f"from ops.build where as_of_day = '{DISTURBED}'"
    until(lambda: counted(f"select count(*) {of_the_day} and state = 'building'"))
    scheduler = system.component("scheduler")
    assert scheduler is not None
    server.stop()
    kill([scheduler])
    server.start()
    an_hour_ago("job", "latest_heartbeat", "job_type = 'SchedulerJob'")
    an_hour_ago("task_instance", "end_date", "state = 'up_for_retry'")
    # What ends for want of its database may do so while it is being looked at.
    until(lambda: chiso("up").returncode == 0)
    until(lambda: ("publish", "success") in runs_of(DISTURBED))
    assert runs_of(DISTURBED) == [(step, "success") for step in STEPS]
    assert counted(f"select count(*) {of_the_day} and state = 'published'") == 1


@pytest.mark.skipif(
    not os.environ.get("CHISO_TEST_CRASHES"), reason="takes long: CHISO_TEST_CRASHES=1"
)
def test_a_night_in_the_foreground_beside_the_schedulers_ends_as_the_newer_one(
    up: Path, chiso: Callable[..., Any]
) -> None:
    ask_for_a_night(BESIDE, login(up))
    done = chiso("nightly", str(NEWEST))
    assert (done.returncode, done.stdout) == (0, f"Đã công bố số liệu đến hết ngày {NEWEST}.\n")
    until(lambda: ("publish", "success") in runs_of(BESIDE))
    for day in (BESIDE, NEWEST):
        assert runs_of(day) == [(step, "success") for step in STEPS]
    with database.connect() as connection:
        newest = connection.execute(
            "select as_of_day, state from ops.build order by build_id desc limit 1"
        ).fetchone()
    assert newest == (NEWEST, "published")


def an_hour_ago(table: str, column: str, which: str) -> list[tuple]:
    """Move a moment of Airflow's metadata back by an hour; returns the rows that were moved."""
    return metadata(
        f"update {table} set {column} = {column} - interval '1 hour' where {which} returning 1"
    )


def kill(processes: list[psutil.Process]) -> None:
    """With their children."""
    family = [*processes, *(each for one in processes for each in one.children(recursive=True))]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # ended with its parent
            process.kill()
    psutil.wait_procs(family, timeout=10)


def test_what_was_killed_all_at_once_is_started_again(chiso: Callable[..., Any]) -> None:
    """As a machine does that loses its power: the files that name the processes stay."""
    running = [process for name in NAMES if (process := system.component(name))]
    kill(running)
    said = chiso("status").stdout
    assert "Trang báo cáo: đã dừng" in said
    assert chiso("up").returncode == 0
    assert [name for name in NAMES if system.component(name) is None] == []
    assert page_server.is_healthy()


def test_a_component_that_died_is_named_and_started_again(chiso: Callable[..., Any]) -> None:
    triggerer = system.component("triggerer")
    assert triggerer is not None
    kill([triggerer])
    assert "Airflow: thiếu triggerer" in chiso("status").stdout
    assert chiso("up").returncode == 0
    assert system.component("triggerer") not in (None, triggerer)


def test_down_leaves_no_process_behind(up: Path, chiso: Callable[..., Any]) -> None:
    family = processes_of(up)
    assert chiso("down").returncode == 0
    left = [process for process in family if process.is_running()]
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
    said = chiso("status").stdout
    assert "PostgreSQL: đã dừng" in said
    assert "Airflow: đã dừng" in said
