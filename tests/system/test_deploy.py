"""What docker-compose.yml runs beside the image: the backup, health, and the image's entrypoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chiso766 import airflow_env, database, server, settings

BACKUP = settings.PROJECT_ROOT / "deploy" / "backup.sh"


def run_backup(folder: Path) -> int:
    url = urlsplit(database.embedded_url(database.SUPERUSER, "postgres"))
    binaries = Path(server.binary("pg_dump")).parent
    environment = os.environ | {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PGHOST": str(url.hostname),
        "PGPORT": str(url.port),
        "PGUSER": str(url.username),
        "PGPASSWORD": str(url.password),
    }
    command = ["sh", str(BACKUP), str(folder)]
    return subprocess.run(command, env=environment, check=False).returncode


def restored(dump: Path) -> str:
    """The dump as SQL."""
    command = [server.binary("pg_restore"), "--file=-", str(dump)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_backup_holds_both_databases_and_the_old_ones_go(postgres: None, tmp_path: Path) -> None:
    old, kept = tmp_path / "chiso-2026-01-01.dump", tmp_path / "chiso-2026-01-02.dump"
    day = 86_400
    now = tmp_path.stat().st_mtime
    for path, age in ((old, 16), (kept, 13)):
        path.touch()
        os.utime(path, (now - age * day, now - age * day))
    assert run_backup(tmp_path) == 0
    made = sorted(path.name for path in tmp_path.iterdir())
    today = date.today()
    assert made == [f"airflow-{today}.dump", kept.name, f"chiso-{today}.dump"]
    assert "CREATE TABLE ops.build" in restored(tmp_path / f"chiso-{today}.dump")
    with database.connect() as connection:
        recorded = connection.execute(
            "select path from ops.file_export where command = 'backup.sh' order by export_id"
        ).fetchall()
    assert recorded == [(str(tmp_path / name),) for name in (made[2], made[0])]


def test_a_backup_holds_supersets_database_where_there_is_one(
    postgres: None, tmp_path: Path
) -> None:
    server.add_database(database.SUPERSET)
    with database.open_url(database.superset_url()) as connection:
        connection.execute("create table chart_that_somebody_made ()")
    assert run_backup(tmp_path) == 0
    dump = tmp_path / f"superset-{date.today()}.dump"
    assert "CREATE TABLE public.chart_that_somebody_made" in restored(dump)


def test_a_backup_that_fails_takes_nothing_away(
    postgres: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "chiso-2026-01-01.dump"
    old.touch()
    os.utime(old, (0, 0))
    monkeypatch.setattr(database, "SUPERUSER", "chiso_bi")  # may read no Airflow
    assert run_backup(tmp_path) != 0
    assert old.exists()
    assert [path.name for path in tmp_path.glob("airflow-*")] == []


def run_in_image(*program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As the image's entrypoint does."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "chiso766.container", *program],
        env=given | environment,
        capture_output=True,
        text=True,
        check=False,
    )


SHOW = ["sh", "-c", 'echo "$AIRFLOW__API__SECRET_KEY $AIRFLOW__CORE__EXECUTOR"']


def test_the_image_runs_any_program_with_settings_and_secrets(
    postgres: None, tmp_path: Path
) -> None:
    (tmp_path / "AIRFLOW__API__SECRET_KEY").write_text("trong-tệp\n")
    done = run_in_image(*SHOW, CHISO_SECRETS=str(tmp_path))
    assert done.stdout == "trong-tệp LocalExecutor\n"
    done = run_in_image(*SHOW, CHISO_SECRETS=str(tmp_path), AIRFLOW__API__SECRET_KEY="đã-đặt")
    assert done.stdout.startswith("đã-đặt ")


def test_the_password_of_the_ui_may_be_given(
    postgres: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = airflow_env.login_password()
    assert airflow_env.login_password() == made
    with monkeypatch.context() as given:
        given.setenv("CHISO_UI_PASSWORD", "mật khẩu đã đặt")
        assert airflow_env.login_password() == "mật khẩu đã đặt"
    assert airflow_env.login_password() == "mật khẩu đã đặt"


def test_past_one_machine_every_key_and_the_store_must_be_given(
    postgres: None, tmp_path: Path
) -> None:
    """Each machine would otherwise make its own, and believe no other."""
    done = run_in_image(*SHOW, AIRFLOW__CORE__EXECUTOR="CeleryExecutor")
    assert done.returncode == 1
    needed = [*airflow_env.SHARED_KEYS.values(), airflow_env.BROKER, "CHISO_LANDING"]
    assert all(name in done.stderr for name in needed)
    for name in needed[:-1]:
        (tmp_path / name).write_text(name)
    store = {"CHISO_LANDING": "s3://kho", "CHISO_SECRETS": str(tmp_path)}
    done = run_in_image(*SHOW, AIRFLOW__CORE__EXECUTOR="CeleryExecutor", **store)
    assert done.stdout == "AIRFLOW__API__SECRET_KEY CeleryExecutor\n"


class Health(BaseHTTPRequestHandler):
    """An API server whose triggerer is not well."""

    def do_GET(self) -> None:
        assert self.path == "/api/v2/monitor/health"
        self.send_response(200)
        self.end_headers()
        parts = {"scheduler": {"status": "healthy"}, "triggerer": {"status": "unhealthy"}}
        self.wfile.write(json.dumps(parts).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what matters."""


@pytest.mark.parametrize(("part", "code"), [("scheduler", 0), ("triggerer", 1), ("redis", 1)])
def test_a_health_check_says_what_the_api_server_says(part: str, code: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as api_server:
        threading.Thread(target=api_server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{api_server.server_address[1]}/execution/"
        environment = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url, "NO_PROXY": "127.0.0.1"}
        command = [sys.executable, "-P", "-m", "chiso766.health", part]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True)
        api_server.shutdown()
    assert done.returncode == code
