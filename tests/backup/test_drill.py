"""The restore drill: what was saved on one machine stands on another, and the nights go on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from chiso766 import backup, database, restore, unit_reader
from chiso766.sample import write_sample

from ..faults.contents import contents, fingerprints
from .machines import NIGHTS, READER, Machine

# When a night after the restore was built is of each machine.
HISTORY: LiteralString = """
    select md5(string_agg(line, chr(10) order by line)) from (
        select (to_jsonb(daily) - 'built_at')::text as line
        from marts.fct_indicator_daily as daily
    ) as lines
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Two of three nights of a sample were run, and one account reads one unit."""
    folder = tmp_path_factory.mktemp("original")
    machine = Machine(folder / "home", folder / "exports")
    write_sample(machine.exports, units=2, dossiers=60, days=3, seed=8, last_day=NIGHTS[-1])
    machine.start()
    for night in NIGHTS[:2]:
        machine.run_night(night)
    with machine.here():
        unit_reader.run(READER.removeprefix("chiso_unit_"), ["H24.999"])
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def restored(original: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Another machine, to which the same systems export, after the restore."""
    path = tmp_path_factory.mktemp("saved") / "kho.chiso766"
    with original.here():
        backup.run(path)
    machine = Machine(tmp_path_factory.mktemp("restored") / "home", original.exports)
    machine.start()
    with machine.here():
        restore.run(path, replace=False)
    yield machine
    machine.stop()


def test_it_is_the_same_to_the_last_row_grant_and_trigger(
    original: Machine, restored: Machine
) -> None:
    assert restored.digest() == original.digest()
    assert restored.databases() == {"postgres", "template0", "template1", "chiso", "airflow"}


def test_every_mart_has_the_same_rows(original: Machine, restored: Machine) -> None:
    with original.here(), database.connect() as connection:
        before = fingerprints(connection)
    with restored.here(), database.connect() as connection:
        assert fingerprints(connection) == before
    assert not before["fct_indicator"].startswith("0 rows")


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("chiso_analyst", "set_aside.row", "raw.dossiers"),
        ("chiso_bi", "marts.fct_dossier", "set_aside.row"),
        (READER, "marts.fct_dossier", "raw.dossiers"),
    ],
)
def test_readers_have_passwords_of_this_machine_and_their_rights(
    original: Machine, restored: Machine, role: str, may: str, may_not: str
) -> None:
    with original.here():
        there = database.password(role)
    with restored.here():
        assert database.password(role) != there
        with database.connect(role) as connection:
            connection.execute(f"select from {may}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select from {may_not}".encode())


def test_an_account_of_one_unit_reads_that_unit(restored: Machine) -> None:
    with restored.here(), database.connect(READER) as connection:
        units = connection.execute("select distinct unit_code from marts.fct_indicator").fetchall()
    assert units == [("H24.999",)]


def test_what_was_published_is_still_not_rewritten(restored: Machine) -> None:
    with (
        restored.here(),
        database.connect() as connection,
        pytest.raises(psycopg.errors.RaiseException, match="never rewritten"),
    ):
        connection.execute("delete from history.indicator_version")


def test_the_next_night_ends_there_as_on_the_original(original: Machine, restored: Machine) -> None:
    """With the landing area and the key, which are copied as files."""
    shutil.copytree(original.home / "landing", restored.home / "landing", dirs_exist_ok=True)
    shutil.copy(original.home / "secret.key", restored.home)
    found = []
    for machine in (original, restored):
        machine.run_night(NIGHTS[-1])
        with machine.here(), database.connect() as connection:
            [(history,)] = connection.execute(HISTORY).fetchall()
            found.append(fingerprints(connection) | contents(connection) | {"history": history})
    differing = {name for name in found[0] if found[0][name] != found[1][name]}
    assert differing == set()
    assert found[0].keys() == found[1].keys()
