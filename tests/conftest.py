"""What the tests share: an installation of their own, with a real PostgreSQL."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from psycopg import sql
from structlog.contextvars import get_contextvars

from chiso766 import airflow_env, database, server
from chiso766 import warehouse as warehouse_tables

# No test is about time: a slow machine must not fail one.
hypothesis.settings.register_profile("chiso766", deadline=None)
hypothesis.settings.load_profile("chiso766")

TEMPLATE = "prepared"

Chiso = Callable[..., subprocess.CompletedProcess[str]]
Logged = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """CHISO_HOME of the tests; nothing that is set outside, or in .env, reaches them."""
    path = tmp_path_factory.mktemp("chiso") / "home"
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("AIRFLOW_"):
                environment.delenv(name)
        for name in (
            "CHISO_EXPORTS",
            "CHISO_DATABASE_URL",
            "CHISO_DATABASE_PASSWORD",
            "CHISO_LANDING",
            "CHISO_RETENTION_DAYS",
            "CHISO_SECRETS",
            "CHISO_UI_PASSWORD",
            "CHISO_AIRFLOW_DATABASE_URL",
            "CHISO_CITUS",
            "CHISO_BACKUPS",
            "CHISO_UNIT",
            "CHISO_SECRET_KEY",
            "CHISO_KEEP_PERSONAL",
            "CHISO_PERSONAL_KEY",
            "CHISO_POPULATION_DATABASE_CODE",
            "CHISO_TARGET_RANK",
            "CHISO_REPORT_RETURNED",
            "CHISO_REPORT_AWAITED",
            "CHISO_NOTIFY_EMAIL",
            "CHISO_SMTP_URL",
            "CHISO_NOTIFY_WEBHOOK",
            "CHISO_METRICS",
        ):
            environment.setenv(name, "")  # empty is "not given", and wins over .env
        environment.setenv("CHISO_HOME", str(path))
        yield path


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[None]:
    """The embedded server of the tests, with a prepared, empty warehouse."""
    server.start()
    warehouse_tables.prepare()
    with database.open_url(_admin_url(), autocommit=True) as admin:
        # No test takes the machine's power away; what a kill leaves, the system writes.
        admin.execute("alter system set fsync = off")
        admin.execute("select pg_reload_conf()")
        server.create_database(admin, TEMPLATE, database.OWNER, template=database.WAREHOUSE)
    yield
    server.stop()


@pytest.fixture(scope="session")
def airflow(postgres: None) -> None:
    """Airflow's settings in the environment; to be asked for before Airflow is imported."""
    airflow_env.apply()


@pytest.fixture(scope="module")
def warehouse(postgres: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh, empty warehouse and drop folder for the tests of one module.

    The warehouse is the one that ``database.connect()`` finds; the value is the drop folder.
    """
    name = "test"  # always the same, so that dbt's parsed project serves every module
    exports = tmp_path_factory.mktemp("exports")
    with database.open_url(_admin_url(), autocommit=True) as admin:
        server.create_database(admin, name, database.OWNER, template=TEMPLATE)
        server.let_readers_in(admin, name)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CHISO_AIRFLOW_DATABASE_URL", database.airflow_url())
            environment.setenv("CHISO_DATABASE_URL", database.embedded_url(database.OWNER, name))
            environment.setenv("CHISO_EXPORTS", str(exports))
            yield exports
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def chiso(home: Path) -> Chiso:
    """Run a command of ./chiso as a process; keywords are environment variables."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "chiso766", *arguments],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


class _Noting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.noted: Logged = []

    def emit(self, record: logging.LogRecord) -> None:
        self.noted.append((record.getMessage(), get_contextvars()))


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What is logged, each line with the fields that Airflow adds to it."""
    handler = _Noting()
    logging.getLogger("chiso766").addHandler(handler)
    yield handler.noted
    logging.getLogger("chiso766").removeHandler(handler)


def _admin_url() -> str:
    return database.embedded_url(database.SUPERUSER, "postgres")
