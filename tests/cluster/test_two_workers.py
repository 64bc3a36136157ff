"""Two workers with nothing in common but the database and an object store; one dies in its task."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from time import monotonic

import psutil
import pytest

from chiso766 import database, server, settings
from chiso766.sample import write_sample

from ..faults.contents import contents, fingerprints
from .machines import REDIS, Cluster, Machine, until

pytestmark = pytest.mark.skipif(
    not os.environ.get("CHISO_TEST_CLUSTER"),
    reason="takes some minutes: CHISO_TEST_CLUSTER=1 ./chiso test tests/cluster",
)

DAY = date(2026, 11, 3)
KEY = "k" * settings.SHORTEST_SECRET

# The port of a session of ours that waits for the one whose number is given.
_WAITING = """
    select client_port from pg_stat_activity
    where application_name = 'chiso766' and pg_blocking_pids(pid) = array[%s::int]
"""
_CHECK = f"dag_run.dag_id = 'check' and partition_key = '{DAY}'"
_TRIES = """
    select dag_run.dag_id, partition_key, try_number, task_instance.state
    from task_instance join dag_run using (dag_id, run_id) order by dag_run.id
"""
# The pause before a step is tried again is not waited for.
_PAUSE_IS_OVER = f"""
    update task_instance set end_date = task_instance.end_date - interval '1 hour'
    from dag_run
    where dag_run.dag_id = task_instance.dag_id and dag_run.run_id = task_instance.run_id
        and task_instance.state = 'up_for_retry' and {_CHECK}
    returning try_number
"""

Contents = dict[str, list[str]]
Marts = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the module, with nothing in the environment that was set for other tests."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith(("AIRFLOW_", "AWS_")):
                environment.delenv(name)
        environment.setenv("CHISO_SECRET_KEY", KEY)
        environment.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield folder


@pytest.fixture(scope="module")
def exports(folder: Path) -> Path:
    exports = folder / "exports"
    write_sample(exports, units=1, dossiers=60, days=1, seed=7, last_day=DAY, dirt=0.01)
    return exports


@contextmanager
def embedded(home: Path) -> Iterator[None]:
    """The home's own PostgreSQL, which ``database.connect()`` then finds."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        server.start()
        yield
        server.stop()


def what_there_is() -> tuple[Contents, Marts]:
    with database.connect() as connection:
        return contents(connection), fingerprints(connection)


@pytest.fixture(scope="module")
def alone(folder: Path, exports: Path) -> tuple[Contents, Marts]:
    """What the night leaves where one process of one machine runs it."""
    home = folder / "alone"
    with embedded(home):
        machine = Machine(home, {**os.environ, "CHISO_EXPORTS": str(exports)})
        assert machine.run("nightly", str(DAY)) == 0, machine.log()
        return what_there_is()


@pytest.fixture(scope="module")
def cluster(folder: Path, exports: Path, alone: tuple[Contents, Marts]) -> Iterator[Cluster]:
    """With the exports in its store; the machine alone is done, and takes no time of theirs."""
    if REDIS is None:
        pytest.skip("needs redis-server (Debian: redis-server)")
    with embedded(folder / "server"):
        cluster = Cluster(folder, database.warehouse_url(), database.airflow_url())
        with cluster.running():
            cluster.deliver(exports)
            yield cluster


@pytest.fixture(scope="module")
def night(cluster: Cluster) -> list[Machine]:
    """The night, in the middle of whose ``check`` one of the two workers falls.

    What the step waits for is a table that somebody else holds; of other sources it has loaded
    files by then. The other worker is the value.
    """
    control = cluster.start_control()
    workers = [cluster.start_worker(name) for name in ("worker-1", "worker-2")]
    nightly, begun = control.start("nightly", str(DAY)), monotonic()
    with database.connect() as holder:
        holder.execute("lock table raw.dossiers in share mode")
        holding = holder.info.backend_pid
        with database.connect(autocommit=True) as watch:
            [(port,)] = until(lambda: watch.execute(_WAITING, [holding]).fetchall())
            loaded = watch.execute("select count(*) from ops.load").fetchone()
            assert loaded
            assert loaded[0] > 0
        running = cluster.metadata(
            f"select task_instance.state from task_instance join dag_run using (dag_id, run_id)"
            f" where {_CHECK}"
        )
        assert running == [("running",)]
        [fallen] = [worker for worker in workers if uses(worker, port)]
        fallen.fall()
        fell = monotonic()
        until(lambda: cluster.metadata(_PAUSE_IS_OVER))
        missed = monotonic()
    assert nightly.wait() == 0, control.log()
    print(
        f"\nA worker fell {fell - begun:.0f} s after the night began, was missed after"
        f" {missed - fell:.0f} s; the night ended {monotonic() - missed:.0f} s later."
    )
    return [worker for worker in workers if worker is not fallen]


def uses(machine: Machine, port: int) -> bool:
    """Whether one of its processes has the connection from this port."""
    for process in machine.family():
        with suppress(psutil.NoSuchProcess):
            if any(each.laddr.port == port for each in process.net_connections("tcp")):
                return True
    return False


def test_the_night_ends_published_on_the_other_worker(
    cluster: Cluster, night: list[Machine]
) -> None:
    assert len(night) == 1
    with database.connect() as connection:
        builds = connection.execute("select as_of_day, state from ops.build").fetchall()
    assert builds == [(DAY, "published")]
    tries = {"fetch": 1, "check": 2, "build": 1, "gate": 1, "publish": 1}
    wanted = [(step, str(DAY), number, "success") for step, number in tries.items()]
    assert cluster.metadata(_TRIES) == wanted


def test_the_marts_are_those_of_one_machine_alone(
    alone: tuple[Contents, Marts], night: list[Machine]
) -> None:
    assert what_there_is()[1] == alone[1]


def test_nothing_is_lost_and_nothing_doubled(
    alone: tuple[Contents, Marts], night: list[Machine]
) -> None:
    there = what_there_is()[0]
    tables = [name for name in there if "." in name]
    assert {name: there[name] for name in tables} == {name: alone[0][name] for name in tables}


def test_every_byte_is_in_the_store_and_in_no_home(cluster: Cluster, night: list[Machine]) -> None:
    with database.connect() as connection:
        files = {sha256 for (sha256,) in connection.execute("select sha256 from ops.file")}
    landed = cluster.objects("chiso/landing/")
    assert {hashlib.sha256(content).hexdigest() for content in landed.values()} == files
    assert set(landed) == {f"chiso/landing/{sha256[:2]}/{sha256}" for sha256 in files}
    for machine in cluster.machines:
        assert [path for path in (machine.home / "landing").rglob("*") if path.is_file()] == []


def test_the_reports_in_the_store_are_those_of_one_machine_alone(
    cluster: Cluster, night: list[Machine], folder: Path
) -> None:
    reports = folder / "alone" / "reports"
    paths = [path for path in reports.rglob("[!.]*") if path.is_file()]
    there = cluster.objects("chiso/reports/")
    assert set(there) == {f"chiso/reports/{path.relative_to(reports)}" for path in paths}
    assert sum(path.suffix == ".xlsx" for path in paths) > 1
    for page in reports.glob("scorecard*.html"):  # dbt's docs tell when they were made
        assert there[f"chiso/reports/{page.name}"] == page.read_bytes()


def test_no_worker_made_a_secret_of_its_own(night: list[Machine]) -> None:
    for name in ("secret.key", "passwords.json"):
        assert not (night[0].home / name).exists()
