"""An installation as on a machine of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest

from chiso766 import database, server, warehouse
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate

NIGHTS = [date(2026, 11, number) for number in (1, 2, 3)]
READER = "chiso_unit_phong"


@dataclass(frozen=True)
class Machine:
    """A home with a server, keys and passwords of its own."""

    home: Path
    exports: Path

    @contextmanager
    def here(self) -> Iterator[None]:
        """What is asked of chiso766 is asked of this machine."""
        with pytest.MonkeyPatch.context() as environment:
            for name in os.environ:  # what other tests of this process set
                if name.startswith("AIRFLOW_"):
                    environment.delenv(name)
            environment.setenv("CHISO_HOME", str(self.home))
            environment.setenv("CHISO_EXPORTS", str(self.exports))
            yield

    def start(self) -> None:
        with self.here():
            server.start()
            warehouse.prepare()

    def stop(self) -> None:
        with self.here():
            server.stop()

    def run_night(self, night: date) -> None:
        with self.here():
            fetch_day(night)
            check_day(night)
            build_marts()
            open_gate()

    def digest(self) -> str:
        """Of all of the warehouse as SQL: rows, sequences, views, triggers, policies, grants,
        comments, settings; in which order a table's rows lie is no part of it. The record of
        exports is left out: in a backup it says of the backup itself that it is being written."""
        with self.here():
            url = database.embedded_url(database.SUPERUSER, database.WAREHOUSE)
        command = [server.binary("pg_dump"), "--create", "--restrict-key=same", f"--dbname={url}"]
        command.append("--exclude-table-data=ops.file_export")
        said = subprocess.run(command, capture_output=True, check=True).stdout
        return hashlib.sha256(b"\n".join(sorted(said.splitlines()))).hexdigest()

    def databases(self) -> set[str]:
        with self.here(), superuser() as connection:
            return {name for (name,) in connection.execute("select datname from pg_database")}


def superuser(name: str = "postgres") -> psycopg.Connection:
    return database.open_url(database.embedded_url(database.SUPERUSER, name), autocommit=True)
