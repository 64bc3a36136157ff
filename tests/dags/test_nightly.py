"""A night in the foreground is a night of Airflow: runs, partitions and assets are its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import airflow_env, airflow_history, database, nightly, settings
from chiso766.access_log import KEPT
from chiso766.errors import ChisoError

DAY, NEXT_DAY, LAST_DAY = (date(2026, 11, number) for number in (20, 21, 22))
STEPS = ("fetch", "check", "build", "gate", "publish")
UNIT = {"MaDonVi": "H24.999", "TenDonVi": "UBND phường Nhị Chiểu", "Cap": "xa"}


@pytest.fixture(scope="module", autouse=True)
def delivered(warehouse: Path, airflow: None) -> Path:
    """A drop folder with the unit, delivered on the first of three days; Airflow knows no run of
    other tests."""
    from chiso766 import airflow_runs

    airflow_runs.prepare()
    with database.open_url(database.airflow_url()) as connection:
        connection.execute("truncate dag_run, asset_event, asset_partition_dag_run cascade")
    folder = warehouse / DAY.isoformat() / "units"
    folder.mkdir(parents=True)
    (folder / "units.json").write_text(json.dumps([UNIT], ensure_ascii=False))
    return warehouse


@pytest.fixture(scope="module")
def three_nights(delivered: Path, chiso: Callable[..., Any]) -> list[tuple]:
    """The runs that a range of three days left in Airflow's metadata, oldest first."""
    done = chiso("nightly", str(DAY), "--to", str(LAST_DAY))
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 10  # one line of progress for each step, and before
    return metadata(
        "select dag_id, partition_key, state, run_type, logical_date from dag_run order by id"
    )


def metadata(query: str) -> list[tuple]:
    with database.open_url(database.airflow_url()) as connection:
        return connection.execute(query.encode()).fetchall()


def warehouse_rows(query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_range_loads_its_days_in_order_and_builds_once(three_nights: list[tuple]) -> None:
    steps = [(dag, day) for dag, day, *_ in three_nights]
    loaded = [(step, str(day)) for day in (DAY, NEXT_DAY, LAST_DAY) for step in ("fetch", "check")]
    assert steps == [*loaded, *((step, str(LAST_DAY)) for step in ("build", "gate", "publish"))]
    assert {state for _, _, state, *_ in three_nights} == {"success"}


def test_runs_have_a_partition_and_no_logical_date(three_nights: list[tuple]) -> None:
    assert {kind for dag, _, _, kind, _ in three_nights if dag == "fetch"} == {"manual"}
    assert {kind for dag, _, _, kind, _ in three_nights if dag != "fetch"} == {"asset_triggered"}
    assert {logical_date for *_, logical_date in three_nights} == {None}


def test_the_marts_are_published_as_of_the_last_day(three_nights: list[tuple]) -> None:
    builds = warehouse_rows("select as_of_day, state from ops.build")
    assert builds == [(LAST_DAY, "published")]
    assert warehouse_rows("select unit_code from marts.dim_unit") == [("H24.999",)]


def test_every_step_left_its_asset_with_the_partition(three_nights: list[tuple]) -> None:
    events = metadata(
        "select name, partition_key from asset_event join asset on asset.id = asset_id"
    )
    for asset in ("marts_next", "marts", "reports"):
        assert (asset, str(LAST_DAY)) in events
    for day in (DAY, NEXT_DAY, LAST_DAY):
        assert {("landing", str(day)), ("raw", str(day))} <= set(events)


def test_a_scheduler_started_later_finds_nothing_left_to_run(three_nights: list[tuple]) -> None:
    waiting = metadata(
        "select target_dag_id, partition_key from asset_partition_dag_run"
        " where created_dag_run_id is null"
    )
    assert waiting == []
    assert metadata("select dag_id from dag_run where state not in ('success', 'failed')") == []


def test_one_build_consumes_the_loads_of_all_its_days(three_nights: list[tuple]) -> None:
    consumed = metadata(
        "select asset_event.partition_key from dag_run"
        " join dagrun_asset_event on dag_run_id = dag_run.id"
        " join asset_event on asset_event.id = event_id"
        " where dag_run.dag_id = 'build' order by 1"
    )
    assert consumed == [(str(day),) for day in (DAY, NEXT_DAY, LAST_DAY)]


def test_the_log_of_a_task_is_where_the_ui_looks_for_it(three_nights: list[tuple]) -> None:
    [(run_id,)] = metadata("select run_id from dag_run where dag_id = 'gate'")
    folder = f"dag_id=gate/run_id={run_id}/task_id=open_gate"
    log = airflow_env.log_folder() / folder / "attempt=1.log"
    assert "Task instance state updated" in log.read_text()


def test_the_same_night_again_changes_nothing(three_nights: list[tuple]) -> None:
    versions = "select count(*), max(load_id) from raw.units"
    before = warehouse_rows(versions)
    nightly.run_nights(LAST_DAY, LAST_DAY)
    assert warehouse_rows(versions) == before
    assert warehouse_rows("select distinct state from ops.build") == [("published",)]


@pytest.mark.parametrize("step", STEPS)
def test_each_dag_runs_alone_for_its_partition(three_nights: list[tuple], step: str) -> None:
    """What dag.test() does; it knows no partitions in Airflow 3.3, so it cannot be used itself."""
    from chiso766 import airflow_runs

    with airflow_runs.Runner(airflow_runs.prepare(), by_scheduler=False) as runner:
        runner.run(step, LAST_DAY)
    [(newest, day, state)] = metadata(
        "select dag_id, partition_key, state from dag_run order by id desc limit 1"
    )
    assert (newest, day, state) == (step, str(LAST_DAY), "success")


def test_a_machine_that_does_not_answer_does_not_hold_up_the_night(
    three_nights: list[tuple],
) -> None:
    from chiso766 import airflow_runs

    table = settings.load().home / "connectors.csv"
    table.write_text("source,connection,path\nunits,khong_co,x/{day}\n")
    with airflow_runs.Runner(airflow_runs.prepare(), by_scheduler=False) as runner:
        runner.run("fetch", LAST_DAY)
        [(sentence,)] = warehouse_rows("select sentence from ops.fetch_failure")
        table.unlink()
        runner.run("fetch", LAST_DAY)
    assert "khong_co" in sentence
    assert warehouse_rows("select * from ops.fetch_failure") == []


@pytest.fixture
def broken_build(three_nights: list[tuple]) -> Iterator[None]:
    """A warehouse in which dbt cannot build."""
    with database.connect() as connection:
        connection.execute("alter table raw.units rename to units_gone")
    yield
    with database.connect() as connection:
        connection.execute("alter table raw.units_gone rename to units")


def test_a_failed_step_ends_the_night_with_its_sentence_and_publishes_nothing(
    broken_build: None, chiso: Callable[..., Any]
) -> None:
    published = "select count(*) from ops.build where state = 'published'"
    before = warehouse_rows(published)
    done = chiso("nightly", str(LAST_DAY))
    assert done.returncode == 1
    assert done.stdout == ""
    *progress, sentence = done.stderr.strip().splitlines()
    assert len(progress) == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert sentence.endswith(".")
    [(error,)] = warehouse_rows("select error from ops.build order by build_id desc limit 1")
    assert sentence == error
    assert warehouse_rows(published) == before
    test_a_scheduler_started_later_finds_nothing_left_to_run([])


def test_an_interrupted_night_says_so_and_leaves_nothing_that_seems_to_run(
    three_nights: list[tuple],
) -> None:
    command = [sys.executable, "-P", "-m", "chiso766", "nightly", str(LAST_DAY)]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # Who runs in the background of a shell is not to hear it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as night:
        assert night.stderr is not None
        assert any("dựng số liệu" in line for line in night.stderr)
        night.send_signal(signal.SIGINT)
        said = night.stderr.read()
    assert night.returncode == 130
    assert said == "Đã dừng giữa chừng theo yêu cầu; chạy lại lệnh này để làm tiếp.\n"
    test_a_scheduler_started_later_finds_nothing_left_to_run([])


def test_steps_after_each_day_where_that_is_asked_for() -> None:
    assert nightly.plan(DAY, NEXT_DAY, each=True) == [
        (step, day) for day in (DAY, NEXT_DAY) for step in STEPS
    ]


def test_real_exports_are_refused_where_the_sample_is(
    delivered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path))
    (tmp_path / "holds-sample").touch()
    assert settings.load().exports == delivered
    with pytest.raises(ChisoError, match="dữ liệu mẫu"):
        nightly.run_nights(DAY, DAY)


def test_runs_and_their_logs_go_after_four_hundred_days(three_nights: list[tuple]) -> None:
    """Last of all: nothing that the tests before it read is left."""
    runs = "select count(*), count(*) filter (where run_type = 'manual') from dag_run"
    before = metadata(runs)
    logs = sorted(airflow_env.log_folder().rglob("attempt=1.log"))
    [(began,)] = metadata("select max(start_date)::date from dag_run")
    for days in (KEPT.days, KEPT.days + 2):
        with database.connect() as connection:
            connection.execute("insert into ops.night values (%s)", [began + timedelta(days=days)])
        airflow_history.prune(date.max)
        if days == KEPT.days:
            assert metadata(runs) == before
            assert sorted(airflow_env.log_folder().rglob("attempt=1.log")) == logs
    [(left, by_hand)] = metadata(runs)
    assert by_hand == 0
    assert left <= len(STEPS)  # the last scheduled one of each
    assert list(airflow_env.log_folder().rglob("dag_id=*")) == []
