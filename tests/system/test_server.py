"""The embedded PostgreSQL starts, stops and heals; it tells nobody what it holds."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from chiso766 import database, server, settings
from chiso766.errors import ChisoError

PLANTED = "Nguyễn Thị Bí Mật 031188001234"


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own; its server is stopped at the end, whatever happened."""
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "nhà của tôi"))
    yield tmp_path / "nhà của tôi"
    server.stop()


def postmaster() -> psutil.Process:
    pid_file = database.embedded_folder() / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def processes_of(home: Path) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if str(home) in str(p.info["cmdline"])]


def value(url: str, query: str) -> object:
    with database.open_url(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def test_a_started_server_has_both_databases_and_all_roles(postgres: None) -> None:
    for role in (database.OWNER, *database.READERS):
        assert value(database.warehouse_url(role), "select current_user") == role
    assert value(database.airflow_url(), "select current_database()") == database.AIRFLOW


def test_the_warehouse_speaks_utf8_and_local_time_and_checks_its_pages(postgres: None) -> None:
    url = database.warehouse_url()
    assert value(url, "show server_encoding") == "UTF8"
    assert value(url, "select upper('đặng')") == "ĐẶNG"
    assert value(url, "show data_checksums") == "on"
    # Also for clients that set no time zone of their own.
    with psycopg.connect(url, options="") as connection:
        row = connection.execute("select timestamptz '2026-11-01 00:00+07' :: text").fetchone()
    assert row == ("2026-11-01 00:00:00+07",)


def test_readers_cannot_see_airflow_and_nobody_comes_in_without_a_password(postgres: None) -> None:
    with pytest.raises(ChisoError):
        database.open_url(database.embedded_url("chiso_bi", database.AIRFLOW))
    right = database.warehouse_url()
    wrong = right.replace(database.password(database.OWNER), "sai")
    with pytest.raises(ChisoError, match="Không kết nối được"):
        database.open_url(wrong)


def test_it_listens_on_loopback_only(postgres: None) -> None:
    listening = [c for c in postmaster().net_connections() if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}


def test_a_second_start_changes_nothing(own_home: Path) -> None:
    server.start()
    first = postmaster().pid
    server.start()
    assert postmaster().pid == first


def test_a_role_that_a_new_version_brings_may_enter_the_warehouse_that_is_there(
    own_home: Path,
) -> None:
    server.start()
    admin_url = database.embedded_url(database.SUPERUSER, database.WAREHOUSE)
    with database.open_url(admin_url, autocommit=True) as admin:
        admin.execute(f"drop owned by {database.OF_UNITS}".encode())
        admin.execute(f"drop role {database.OF_UNITS}".encode())
    server.start()
    assert value(database.warehouse_url(database.OF_UNITS), "select 1") == 1


def test_a_stopped_server_leaves_no_process_and_comes_back_on_its_port(own_home: Path) -> None:
    server.start()
    url = database.warehouse_url()
    server.stop()
    assert not server.is_running()
    assert not processes_of(own_home)
    server.start()
    assert database.warehouse_url() == url


def test_a_killed_server_heals_and_keeps_what_was_committed(own_home: Path) -> None:
    server.start()
    with database.connect() as connection:
        connection.execute("create table kept as select 766 as number")
    os.kill(postmaster().pid, signal.SIGKILL)
    server.start()
    assert value(database.warehouse_url(), "select number from kept") == 766


def test_a_lock_file_that_names_a_foreign_process_does_not_stop_it(own_home: Path) -> None:
    server.start()
    pid_file = database.embedded_folder() / "data" / "postmaster.pid"
    left_behind = pid_file.read_text().splitlines()
    server.stop()
    # Not this process: PostgreSQL itself knows that its own parents are no server.
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as foreign:
        pid_file.write_text("\n".join([str(foreign.pid), *left_behind[1:]]) + "\n")
        assert not server.is_running()
        server.start()
        assert server.is_running()


def test_an_interrupted_first_start_is_made_anew(own_home: Path) -> None:
    draft = database.embedded_folder() / "data.new-before"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.is_running()


def test_a_taken_port_is_left_to_its_owner(own_home: Path) -> None:
    server.start()
    port = int((database.embedded_folder() / "port").read_text())
    server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        server.start()
        assert database.embedded_folder().joinpath("port").read_text() != f"{port}\n"
        assert value(database.warehouse_url(), "select 1") == 1


def test_two_first_starts_at_once_make_one_server(own_home: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        for done in [pool.submit(server.start), pool.submit(server.start)]:
            done.result()
    assert len(processes_of(own_home)) == 1


def test_secrets_are_files_for_the_owner_only_and_on_no_command_line(postgres: None) -> None:
    assert settings.load().secret_keys
    home = settings.load().home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for name in ("passwords.json", "secret.key"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    roles = (database.SUPERUSER, database.OWNER, database.AIRFLOW, *database.READERS)
    passwords = [database.password(role) for role in roles]
    shown = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not [line for line in shown if any(password in line for password in passwords)]


def test_no_value_of_a_row_gets_into_the_logs(postgres: None) -> None:
    with database.connect() as connection:
        connection.execute("create temporary table people (name text unique, number integer)")
        connection.commit()
        for statement in (
            f"select '{PLANTED}'::integer",
            f"insert into people values ('{PLANTED}', 1), ('{PLANTED}', 2)",
            f"select '{PLANTED}' from no_table",
            f"do $$ begin raise exception '{PLANTED}'; end $$",
            f"do $$ begin raise warning '{PLANTED}'; end $$",
        ):
            with suppress(psycopg.Error):
                connection.execute(statement.encode())
            connection.rollback()
        with suppress(psycopg.Error):
            connection.execute("select %s::integer", [PLANTED])
        connection.rollback()
        with (
            pytest.raises(psycopg.Error, match="integer"),
            connection.cursor().copy("copy people from stdin") as copy,
        ):
            copy.write(f"{PLANTED}\tnot a number\n")
    logs = list(settings.load().logs.rglob("*.log"))
    assert logs
    assert not [log for log in logs if PLANTED in log.read_text(errors="replace")]


RUN_AND_CHECK = """
import os
from chiso766 import database, server
server.start()
server.stop()
server.start()
with database.connect() as connection:
    print(connection.execute("select 766").fetchone()[0])
server.stop()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_runs_for_a_normal_user(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    # The tests' own environment may lie where only root may look.
    done = subprocess.run(
        [*server.as_account(*_nobody()), sys.executable, "-P", "-c", RUN_AND_CHECK],
        env=os.environ | {"CHISO_HOME": str(home), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("766\n", "")
    assert (home / "postgres" / "data").stat().st_uid == _nobody()[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="a normal user runs it directly")
def test_root_runs_it_where_user_namespaces_are_forbidden(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    possible = server.works
    monkeypatch.setattr(server, "works", lambda way: way[0] != "unshare" and possible(way))
    server.start()
    server.stop()
    server.start()
    assert value(database.warehouse_url(), "select 766") == 766
    assert (own_home / "postgres" / "data").stat().st_uid == _nobody()[0]


def _nobody() -> tuple[int, int]:
    account = pwd.getpwnam("nobody")
    return account.pw_uid, account.pw_gid
