"""Point-in-time recovery as ``deploy/README.md`` describes it, with the text's own settings and
commands: a night after the base backup comes back, one after the chosen moment does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chiso766 import database, server, settings
from chiso766.sample import write_sample

from ..faults.contents import contents, fingerprints
from ..faults.injection import FOLDERS
from .machines import NIGHTS, Machine, superuser

_TEXT = (settings.PROJECT_ROOT / "deploy" / "README.md").read_text()
_OF_IT = _TEXT.partition("\n## Point-in-time recovery\n")[2].partition("\n# ")[0]
_BASE_DAY, _MOMENT = "2026-11-22", "2026-11-24 10:15:00+07"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("point-in-time")
    machine = Machine(folder / "home", folder / "exports")
    write_sample(machine.exports, units=2, dossiers=60, days=3, seed=8, last_day=NIGHTS[-1])
    machine.start()
    yield machine
    machine.stop()


def blocks(language: str, archive: Path) -> list[str]:
    """What the text shows in that language, with a folder in place of ``/archive``."""
    found = re.findall(rf"```{language}\n(.*?)```", _OF_IT, re.DOTALL)
    return [block.replace("/archive", str(archive)) for block in found]


def test_the_server_is_brought_to_a_moment_of_the_past(machine: Machine, tmp_path: Path) -> None:
    archiving, recovery = blocks("ini", tmp_path)
    base_backup, unpacking = blocks("sh", tmp_path)
    data = machine.home / "postgres" / "data"
    with machine.here():
        configure(data, archiving)
        server.stop()
        server.start()
        machine.run_night(NIGHTS[0])
        run(base_backup.replace("$(date +%F)", _BASE_DAY), data.parent)
        machine.run_night(NIGHTS[1])
        then, moment = found(), now()
        machine.run_night(NIGHTS[2])
        assert found() != then
        server.stop()

        data.rename(data.with_name("data-before"))
        data.mkdir(mode=0o700)
        run(unpacking, data.parent)
        configure(data, recovery.replace(_MOMENT, moment.isoformat()))
        server._start()
        until_it_is_promoted()
        assert found() == then
        server.start()  # roles, rights and passwords as they were
        machine.run_night(NIGHTS[2])
    shutil.rmtree(data.with_name("data-before"))


def configure(data: Path, lines: str) -> None:
    """The server's own configuration is written anew at each start; this file is read after it."""
    with open(data / "postgresql.auto.conf", "a") as file:
        file.write(lines)


def run(commands: str, folder: Path) -> None:
    address = database.embedded_url(database.SUPERUSER, "postgres")
    [given] = re.findall(r"//(?P<user>\w+):(\w+)@([\d.]+):(\d+)/", address)
    names = ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT")
    programs = Path(server.binary("pg_basebackup")).parent
    environment = (
        os.environ
        | dict(zip(names, given, strict=True))
        | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TAR_OPTIONS": "--no-same-owner",  # they belong to who runs the server
        }
    )
    subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment, check=True)


def found() -> object:
    """Of the warehouse what people and the next night find; files are no part of the server."""
    with database.connect() as connection:
        tables = {name: rows for name, rows in contents(connection).items() if name not in FOLDERS}
        return tables, fingerprints(connection)


def now() -> datetime:
    with superuser() as connection:
        [(moment,)] = connection.execute("select clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


def until_it_is_promoted() -> None:
    with superuser() as connection:
        while connection.execute("select pg_is_in_recovery()").fetchone() == (True,):
            pass
