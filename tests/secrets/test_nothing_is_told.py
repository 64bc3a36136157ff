"""After nights of a running system neither a secret nor personal data is found where it does not
belong.

Before and after passwords and Airflow's keys were replaced, both those of now and of before.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psutil
import pytest
from cryptography.fernet import Fernet, InvalidToken

from chiso766 import airflow_env, database, rotate, settings, system
from chiso766.sample import write_sample
from chiso766.sources import SOURCES

from ..connectors.servers import Answer, HttpServer, running
from ..deliveries import deliver
from ..faults import nights
from ..faults.injection import A_PROCESS, Fault
from ..privacy.planted import files_of, found_in

# Never yesterday, which a scheduler makes up for by itself; and of days long past nobody is told.
FIRST = datetime.now(ZoneInfo(settings.TIMEZONE)).date()
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
WRITTEN = date(2026, 3, 11)  # two working days, whatever today is
STEPS = ("fetch", "check", "build", "gate", "publish")
SMTP_PASSWORD = "mat-khau-may-chu-thu-4711"
HOOK = "duong-dan-bi-mat-4712"
PATIENCE_S = 600
TOKEN = "ma-truy-cap-ket-noi-4713"
# Files of the home that are there to hold a secret.
SECRET_FILES = (
    "secret.key",
    "personal.key",
    "passwords.json",
    "airflow/keys.json",
    "airflow/login.json",
)

# Which of a rotation's processes that is; before it PostgreSQL and Airflow are prepared.
ENCRYPTING = 3

Chiso = Callable[..., Any]


@pytest.fixture(scope="module")
def other_machine() -> Iterator[HttpServer]:
    """Where exports are fetched from, with a token, and where messages are posted to."""
    server = HttpServer()
    server.answer = lambda path: Answer({"data": []})
    with running(server):
        yield server


@pytest.fixture(scope="module")
def own_home(
    tmp_path_factory: pytest.TempPathFactory, other_machine: HttpServer, chiso: Chiso
) -> Iterator[Path]:
    """A home with every kind of secret, whose first night has run; nothing is up yet."""
    folder = tmp_path_factory.mktemp("told") / "home"
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("AIRFLOW_"):
                environment.delenv(name)
        environment.setenv("CHISO_HOME", str(folder))
        environment.setenv("CHISO_NOTIFY_EMAIL", "truc@phuong.example")
        # Nothing listens there: what is said of an error must not tell either.
        environment.setenv("CHISO_SMTP_URL", f"smtp://may:{SMTP_PASSWORD}@127.0.0.1:1")
        hook = f"http://127.0.0.1:{other_machine.port}/hooks/{HOOK}"
        environment.setenv("CHISO_NOTIFY_WEBHOOK", hook)
        settings.make_private(folder)
        exports = settings.load().exports
        write_sample(exports, units=1, dossiers=60, days=2, seed=5, dirt=0.1, last_day=WRITTEN)
        (exports / str(WRITTEN - timedelta(days=1))).rename(exports / str(FIRST))
        (exports / str(WRITTEN)).rename(folder / "later")
        environment.setenv("CHISO_KEEP_PERSONAL", "1")
        for source in SOURCES:  # broken files, too, so that there is a message
            for name, content in files_of(source).items():
                deliver(source, name, content, FIRST)
        (folder / "connectors.csv").write_text(
            "source,connection,path\nratings,cong_api,api/{day}?trang={page}\n"
        )
        try:
            assert chiso("rotate", "airflow").returncode == 0  # makes everything that it needs
            connection = other_machine.connection | {"password": TOKEN}
            _import(folder, {"cong_api": connection})
            done = chiso("nightly", str(FIRST))
            assert done.returncode == 0, done.stderr
            yield folder
        finally:
            chiso("down")


def _import(folder: Path, connections: dict[str, Any]) -> None:
    """By a file, so that what is in it stands on no command line."""
    file = folder.parent / "connections.json"
    file.write_text(json.dumps(connections))
    airflow("connections", "import", str(file))
    file.unlink()


def airflow(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "chiso766.airflow_env", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stored_password() -> bytes:
    """Of the connection, as Airflow's database holds it."""
    with database.open_url(database.airflow_url()) as connection:
        [(stored,)] = connection.execute(
            "select password from connection where conn_id = 'cong_api'"
        ).fetchall()
    return str(stored).encode()


def keys(home: Path) -> dict[str, str]:
    return dict(json.loads((home / "airflow" / "keys.json").read_text()))


def secrets_of(home: Path) -> dict[str, str]:
    """What it is -> its value, of all secrets of now."""
    found = {f"password of {role}": of for role, of in database.passwords().items()}
    found |= {f"Airflow's {name}": key for name, key in keys(home).items()}
    login = json.loads((home / "airflow" / "login.json").read_text())
    return found | {
        "UI": login["chiso"],
        "pseudonymisation key": (home / "secret.key").read_text(),
        "key of personal fields": (home / "personal.key").read_text(),
        "SMTP": SMTP_PASSWORD,
        "webhook": HOOK,
        "connection": TOKEN,
    }


def assert_not_told(told: dict[str, bytes], secrets: dict[str, str]) -> None:
    """``told``: place -> what was found there."""
    found = [
        (place, what)
        for place, content in told.items()
        for what, value in secrets.items()
        if value.encode() in content
    ]
    assert found == []


@pytest.fixture(scope="module")
def rotated_by_crashes(own_home: Path) -> dict[str, str]:
    """The keys of before; four rotations were killed meanwhile, a last one was not."""
    before = keys(own_home)
    step = nights.Step("rotate", lambda: rotate.run("airflow"))
    # Both keys are kept and the tools are encrypting; all is encrypted; the old key is forgotten;
    # of the next change both keys are kept.
    for fault in (
        Fault("kill", ENCRYPTING, A_PROCESS),
        Fault("kill", 1, "fsync"),
        Fault("kill", 2, "fsync"),
        Fault("kill", 2, "fsync"),
    ):
        assert nights.run(step, fault) < 0
        assert TOKEN in airflow("connections", "get", "cong_api", "--output", "json")
    assert nights.run(step) == 0
    return before


def test_a_rotation_of_airflows_keys_killed_anywhere_loses_nothing(
    own_home: Path, rotated_by_crashes: dict[str, str]
) -> None:
    now = keys(own_home)
    assert all(now[name] != old for name, old in rotated_by_crashes.items())
    stored = stored_password()
    assert Fernet(now["fernet"]).decrypt(stored).decode() == TOKEN
    with pytest.raises(InvalidToken):
        Fernet(rotated_by_crashes["fernet"]).decrypt(stored)


@pytest.fixture(scope="module")
def up(own_home: Path, rotated_by_crashes: dict[str, str], chiso: Chiso) -> Path:
    """The system runs."""
    done = chiso("up")
    assert done.returncode == 0, done.stderr
    return own_home


def answer(path: str, token: str | None = None, body: dict[str, str] | None = None) -> bytes:
    """What Airflow's API says, refusals too."""
    request = urllib.request.Request(
        system.ui_address() + path,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json", "Accept": "application/json"}
        | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as given:
            return bytes(given.read())
    except urllib.error.HTTPError as refusal:
        return str(refusal.code).encode() + refusal.read()


def login(home: Path) -> str:
    [(user, password)] = json.loads((home / "airflow" / "login.json").read_text()).items()
    given = json.loads(answer("/auth/token", body={"username": user, "password": password}))
    return str(given["access_token"])


def told_by_the_api(home: Path) -> dict[str, bytes]:
    token = login(home)
    paths = [
        *("config", "connections", "connections/cong_api", "variables"),
        *("dags?limit=100", "assets", "assets/events", "eventLogs?limit=1000", "importErrors"),
        *("plugins", "providers", "pools", "monitor/health", "version", "dagWarnings"),
        *(
            "config/section/database/option/sql_alchemy_conn",
            "config/section/core/option/fernet_key",
        ),
    ]
    for step in STEPS:
        paths += [f"dags/{step}/details", f"dagSources/{step}", f"dags/{step}/tasks"]
        for run in json.loads(answer(f"/api/v2/dags/{step}/dagRuns", token))["dag_runs"]:
            of_run = f"dags/{step}/dagRuns/{quote(run['dag_run_id'])}"
            tasks = json.loads(answer(f"/api/v2/{of_run}/taskInstances", token))
            paths += [of_run, f"{of_run}/taskInstances"]
            for task in tasks["task_instances"]:
                of_task = f"{of_run}/taskInstances/{task['task_id']}"
                paths += [of_task, f"{of_task}/tries", f"{of_task}/xcomEntries"]
                paths += [f"{of_task}/logs/{number + 1}" for number in range(task["try_number"])]
    return {path: answer(f"/api/v2/{path}", token) for path in paths}


def told_by_files(home: Path) -> dict[str, bytes]:
    """Of the home but the files of secrets: the database's own, logs, reports, what dbt leaves …"""
    paths = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    kept = {home / name for name in SECRET_FILES}
    found = {}
    for path in set(paths) - kept:
        if path.exists():  # the server's files come and go
            found[str(path)] = path.read_bytes()
    return found


def told_by_the_repository() -> dict[str, bytes]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=settings.PROJECT_ROOT, capture_output=True, check=True
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    paths = [settings.PROJECT_ROOT / name for name in names]
    own = Path(__file__)  # which makes up a few
    return {str(path): path.read_bytes() for path in paths if path.is_file() and path != own}


def told_by_processes() -> dict[str, bytes]:
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return {f"process {number}": " ".join(line).encode() for number, line in enumerate(lines)}


def run_a_night(home: Path, day: date, chiso: Chiso) -> None:
    """By the scheduler, as at one o'clock."""
    if (home / "later").exists():
        (home / "later").rename(settings.load().exports / str(SECOND))
    done = chiso("nightly", str(day))
    assert done.returncode == 0, done.stderr


def until_nothing_runs() -> None:
    query = "select count(*) from dag_run where state in ('queued', 'running')"
    pause = threading.Event()
    for _ in range(PATIENCE_S):
        with database.open_url(database.airflow_url()) as connection:
            if connection.execute(query).fetchone() == (0,):
                return
        pause.wait(1)
    raise AssertionError("it did not end")


def test_after_a_night_of_the_scheduler_no_secret_is_told_anywhere(
    up: Path, chiso: Chiso, other_machine: HttpServer
) -> None:
    run_a_night(up, SECOND, chiso)
    assert {f"Bearer {TOKEN}"} == {
        given["Authorization"] for given in other_machine.headers if "Authorization" in given
    }
    assert f"/hooks/{HOOK}" in other_machine.asked  # so there was something to tell
    secrets = secrets_of(up)

    api = told_by_the_api(up)
    assert len(api) > 60
    assert_not_told(api, secrets)
    assert_not_told(told_by_files(up), secrets)
    assert_not_told(told_by_processes(), secrets)
    assert_not_told(told_by_the_repository(), secrets)


def test_nor_is_what_exports_say_of_people(
    up: Path, chiso: Chiso, other_machine: HttpServer, tmp_path: Path
) -> None:
    """In the API, logs of tasks and of PostgreSQL, pages, spreadsheets, reports, messages."""
    report = tmp_path / "bao-cao.xlsx"
    said = [
        chiso("report", "tat-ca", "--period", f"{FIRST:%Y}", "-o", str(report)),
        chiso("doctor", "--json"),
        chiso("status"),
    ]
    told = told_by_the_api(up) | {
        place: content
        for place, content in told_by_files(up).items()
        if not {"exports", "later", "landing"} & set(Path(place).relative_to(up).parts)
    }
    told["report"] = report.read_bytes()
    told |= {f"said {number}": done.stdout.encode() for number, done in enumerate(said)}
    told["messages"] = json.dumps(other_machine.bodies, ensure_ascii=False).encode()
    assert any("dong_de_rieng" in place for place in told)
    assert any("/dag_id=check/" in place for place in told)
    assert "tệp bị từ chối".encode() in told["messages"]
    assert {place: found for place, content in told.items() if (found := found_in(content))} == {}


def test_every_file_with_a_secret_is_its_owners_alone(up: Path) -> None:
    for name in SECRET_FILES:
        path = up / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, name
        while path != up:
            path = path.parent
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


def test_what_is_replaced_while_it_runs_works_at_once_and_the_old_nowhere(
    up: Path, chiso: Chiso
) -> None:
    until_nothing_runs()  # the night that the scheduler makes up for
    before, token = secrets_of(up), login(up)
    for what in ("passwords", "airflow", "key", "personal"):
        done = chiso("rotate", what)
        assert done.returncode == 0, done.stderr
        assert_not_told({"said": (done.stdout + done.stderr).encode()}, before | secrets_of(up))
    after = secrets_of(up)
    made = {what for what in before if what not in ("SMTP", "webhook", "connection")}
    assert {what for what in before if before[what] != after[what]} == made

    old_login = {"username": airflow_env.USER, "password": before["UI"]}
    assert answer("/auth/token", body=old_login).startswith(b"401")
    assert answer("/api/v2/dags", token).startswith(b"403")  # no token of ours
    assert b'"dag_id"' in answer("/api/v2/dags", login(up))
    assert {name for name in system.COMPONENTS if system.component(name)} == set(system.COMPONENTS)
    assert system.component(system.PAGE)
    stored = stored_password()
    assert Fernet(after["Airflow's fernet"]).decrypt(stored).decode() == TOKEN
    with pytest.raises(InvalidToken):
        Fernet(before["Airflow's fernet"]).decrypt(stored)

    exports = settings.load().exports
    shutil.copytree(exports / str(SECOND), exports / str(THIRD))
    run_a_night(up, THIRD, chiso)
    old_chain = before.pop("pseudonymisation key")
    assert after.pop("pseudonymisation key").startswith(f"{old_chain},")
    everything = before | {f"new {what}": value for what, value in after.items()}
    everything |= {"key": old_chain, "chain": (up / "secret.key").read_text().split(",")[-1]}
    assert_not_told(told_by_the_api(up), everything)
    assert_not_told(told_by_files(up), everything)
    assert_not_told(told_by_processes(), everything)
