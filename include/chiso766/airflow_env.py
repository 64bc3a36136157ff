"""Airflow's settings, as environment variables; nothing of it is configured anywhere else.

A variable that is already set wins, then a file of that name in ``CHISO_SECRETS``, so that a
deployment (docker-compose.yml) can say otherwise.
``python -m chiso766.airflow_env COMPONENT …`` runs one of Airflow's programs with them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from chiso766 import database, settings
from chiso766.errors import ChisoError

USER = "chiso"
FIRST_API_PORT = 8766

EXECUTOR = "AIRFLOW__CORE__EXECUTOR"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
# By which Airflow's components trust each other: the same on every machine.
SHARED_KEYS = {
    "fernet": "AIRFLOW__CORE__FERNET_KEY",
    "api": "AIRFLOW__API__SECRET_KEY",
    "jwt": "AIRFLOW__API_AUTH__JWT_SECRET",
}
ON_ONE_MACHINE = "LocalExecutor"


def apply() -> None:
    """Put the settings into the environment; to be called before Airflow is imported."""
    given = {
        name: value
        for name, value in (settings.secret_files() | os.environ).items()
        if name.startswith("AIRFLOW_")
    }
    _refuse_what_is_not_shared(given)
    for name, value in (variables() | given).items():
        os.environ.setdefault(name, value)


def _refuse_what_is_not_shared(given: dict[str, str]) -> None:
    """Past one machine nothing may be made or kept on each for itself."""
    executor = given.get(EXECUTOR, ON_ONE_MACHINE)
    if executor == ON_ONE_MACHINE:
        return
    missing = [name for name in SHARED_KEYS.values() if name not in given]
    if executor == "CeleryExecutor" and BROKER not in given:
        missing.append(BROKER)
    if settings.load().landing is None:
        missing.append("CHISO_LANDING")
    if missing:
        raise ChisoError(
            f"{executor} chạy trên nhiều máy nhưng thiếu {', '.join(missing)}: hãy đặt cùng một giá"
            " trị cho mọi máy, bằng biến môi trường hoặc tệp trong CHISO_SECRETS."
        )


def variables() -> dict[str, str]:
    """Every setting that differs from Airflow's defaults, and why."""
    current = settings.load()
    home = settings.make_private(folder())
    url = database.airflow_url()
    address = f"http://127.0.0.1:{api_port()}"
    keys = _keys()
    return {
        # The steps, run by Airflow, must find the same installation.
        "CHISO_HOME": str(current.home),
        "CHISO_EXPORTS": str(current.exports),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(current.project_root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(Path(__file__).parent / "airflow_plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": settings.TIMEZONE,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # Airflow forks one worker per unit of parallelism; a night has one step at a time.
        EXECUTOR: ON_ONE_MACHINE,
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        **{variable: keys[name] for name, variable in SHARED_KEYS.items()},
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api_port()),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(login_file()),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _with_driver(url, "psycopg2"),
        # asyncpg knows none of the parameters of an address, such as those of TLS.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": _with_driver(
            url, "psycopg" if urlsplit(url).query else "asyncpg"
        ),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(log_folder()),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            log_folder() / "dag_processor"
        ),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        # Each line an object, as Airflow writes it where a worker runs a step: a night in the
        # foreground runs them itself.
        "AIRFLOW__LOGGING__JSON_LOGS": "True",
        # The files of dags/ change with a release, not while the system runs.
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # A step whose worker is gone is missed after two minutes and tried again as if it failed.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
        # Under CeleryExecutor: a worker takes a step when it has hands free, and none beforehand.
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        "AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
        # What a worker that is gone had taken returns to the queue after a day, longer than any
        # step: one that is still running would be ended by it. A step that was running by then has
        # been missed by its heartbeat, one that was not has waited too long in the queue.
        "AIRFLOW__CELERY__TASK_ACKS_LATE": "True",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
        **_metrics(current.metrics),
        # Nothing is told to anyone: the machines are closed and the data is a government's.
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def _metrics(collector: str | None) -> dict[str, str]:
    """Where Airflow, and ``metrics.py`` through it, send what they measure; nowhere by default."""
    if collector is None:
        return {}
    return {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": "chiso766",
    }


def folder() -> Path:
    """Airflow's own folder."""
    return settings.load().home / "airflow"


def log_folder() -> Path:
    """Where Airflow's components and tasks write their logs."""
    return settings.load().logs / "airflow"


def api_port() -> int:
    """The port of the UI; chosen when the system is first started, see ``keep_api_port``."""
    kept = folder() / "port"
    return int(kept.read_text()) if kept.exists() else FIRST_API_PORT


def keep_api_port(port: int) -> None:
    """Decide the port of the UI."""
    settings.write_private(folder() / "port", f"{port}\n")


def login_password() -> str:
    """The password of ``USER`` in the UI: CHISO_UI_PASSWORD, else made at first use."""
    path = login_file()
    given = settings.load().ui_password
    if given or not path.exists():
        password = given or secrets.token_urlsafe(12)
        settings.write_private(path, json.dumps({USER: password}) + "\n")
    return str(json.loads(path.read_text())[USER])


def renew_login() -> None:
    """Make a new password of ``USER``, to be called where CHISO_UI_PASSWORD gives none."""
    settings.write_private(login_file(), json.dumps({USER: secrets.token_urlsafe(12)}) + "\n")


def login_file() -> Path:
    """Where the password of the UI is kept, as Airflow wants it."""
    return folder() / "login.json"


def given_keys() -> list[str]:
    """The variables of the keys that are given, and so are not those of ``keys_file``."""
    given = settings.secret_files() | os.environ
    return [variable for variable in SHARED_KEYS.values() if variable in given]


def renew_keys() -> None:
    """Make new keys; what is stored stays readable until ``forget_old_fernet_keys``.

    A change that was cut off in between goes on with the keys that it made.
    """
    old = _keys()
    if "," not in old["fernet"]:
        new = _new_keys()
        both = f"{new['fernet']},{old['fernet']}"  # Airflow encrypts with the first
        settings.write_private(keys_file(), json.dumps(new | {"fernet": both}))


def forget_old_fernet_keys() -> None:
    """Keep the newest alone; everything that is stored is encrypted with it."""
    keys = _keys()
    keys["fernet"] = keys["fernet"].split(",")[0]
    settings.write_private(keys_file(), json.dumps(keys))


def keys_file() -> Path:
    """Where the keys are kept by which Airflow's components trust each other."""
    return folder() / "keys.json"


def _keys() -> dict[str, str]:
    """The keys by which Airflow's components trust each other, made at first use."""
    if not keys_file().exists():
        settings.write_private(keys_file(), json.dumps(_new_keys()))
    return dict(json.loads(keys_file().read_text()))


def _new_keys() -> dict[str, str]:
    keys = {name: secrets.token_urlsafe(64) for name in ("api", "jwt")}
    keys["fernet"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return keys


def _with_driver(url: str, driver: str) -> str:
    return f"postgresql+{driver}://" + url.partition("://")[2]


def become(*program: str) -> NoReturn:
    """Run a program with the settings instead of this one; what is wrong with them ends it."""
    try:
        apply()
        login_password()
    except ChisoError as error:
        sys.exit(str(error))
    os.execvp(program[0], program)


if __name__ == "__main__":
    become(sys.executable, "-P", "-m", "airflow", *sys.argv[1:])
