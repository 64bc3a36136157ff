"""An installation of these tests' own, whose server may be killed, taken through two nights."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from chiso766 import database, server, settings, warehouse
from chiso766.build import run_dbt

from ..compiled import Compiled
from ..homes import other_home
from . import nights
from .contents import assert_accounts_are_right, contents, marts
from .injection import FOLDERS
from .nights import LOADING, OF_A_NIGHT, SECOND

_KEPT_SCHEMAS = ("ops", "raw", "set_aside")


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """CHISO_HOME with a server of its own, prepared, and an empty drop folder."""
    with installed(tmp_path_factory.mktemp("faults")) as home:
        yield home


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """``own_home``, in a folder."""
    with other_home(folder / "home") as environment:
        environment.setenv("CHISO_EXPORTS", str(folder / "exports"))
        environment.setenv("CHISO_SECRET_KEY", "k" * settings.SHORTEST_SECRET)
        # What a killed process leaves in it goes with the rest.
        environment.setattr(tempfile, "tempdir", str(folder))
        server.start()
        try:
            warehouse.prepare()
            yield folder / "home"
        finally:
            server.stop()


class Nights:
    """The two nights without a fault: what there was before each step, and after the last.

    ``events``: what each step does to files and the database.
    """

    def __init__(self) -> None:
        self._compiled = Compiled()
        self.events: list[list[str]] = []
        self._contents: list[dict[str, list[str]]] = []
        self._marts: list[dict[str, str]] = []
        for number, step in enumerate(LOADING):
            if step.deliver:
                step.deliver()
            self._keep(number)
            assert nights.run(step) == 0
            self.events.append(nights.note()["events"])
        self._keep(len(LOADING))

    def run_again(self, number: int) -> None:
        """The night of a step that failed, from its start: nothing is lost, doubled or left over,
        and the marts are the same."""
        first = number - number % OF_A_NIGHT
        for step in LOADING[first : first + OF_A_NIGHT]:
            assert nights.run(step) == 0
        with database.connect() as connection:
            assert contents(connection) == self._contents[first + OF_A_NIGHT]
            assert_accounts_are_right(connection)
            assert marts(connection, self._compiled, SECOND) == self._marts[first + OF_A_NIGHT]

    def restore(self, number: int) -> None:
        """Make everything what it was before a step."""
        with superuser() as connection:
            connection.execute("set session_replication_role to replica")
            for table in _tables(connection, *_KEPT_SCHEMAS):
                connection.execute(f"delete from {table}".encode())
                connection.execute(
                    f"insert into {table} overriding system value"
                    f" table kept.{_kept_name(number, table)}".encode()
                )
            for stage in _tables(connection, "load"):
                connection.execute(f"drop table {stage}".encode())
        for folder in _folders():
            _copy(_kept_folder(number, folder), folder)

    def _keep(self, number: int) -> None:
        with superuser() as connection:
            connection.execute("create schema if not exists kept")
            for table in _tables(connection, *_KEPT_SCHEMAS):
                connection.execute(
                    f"create table kept.{_kept_name(number, table)} as table {table}".encode()
                )
        for folder in _folders():
            _copy(folder, _kept_folder(number, folder))
        with database.connect() as connection:
            self._contents.append(contents(connection))
            self._marts.append(marts(connection, self._compiled, SECOND))


@pytest.fixture(scope="module")
def two_nights(own_home: Path) -> Nights:
    """The two nights, run without a fault."""
    import great_expectations  # noqa: F401  the children need it, and would take seconds each

    run_dbt(["seed"], SECOND, 0)
    return Nights()


def superuser() -> psycopg.Connection:
    return database.open_url(database.embedded_url(database.SUPERUSER, database.WAREHOUSE))


def _tables(connection: psycopg.Connection, *schemas: str) -> list[str]:
    rows = connection.execute(
        "select schemaname || '.' || tablename from pg_tables where schemaname = any(%s)",
        [list(schemas)],
    )
    return [name for (name,) in rows]


def _kept_name(number: int, table: str) -> str:
    return f"step_{number}_{table.replace('.', '_')}"


def _folders() -> list[Path]:
    return [settings.load().exports, *(settings.load().home / name for name in FOLDERS)]


def _kept_folder(number: int, folder: Path) -> Path:
    return settings.load().home.parent / f"step-{number}" / folder.name


def _copy(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, to)
