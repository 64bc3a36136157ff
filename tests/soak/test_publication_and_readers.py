"""50 people read while marts are published: each read is of one publication, and none fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chiso766 import database, gate, settings
from chiso766.build import build_marts
from chiso766.publish import publish_reports

from ..deliveries import DOSSIER, GOOD, deliver, load_days

FIRST, SECOND = date(2026, 11, 19), date(2026, 11, 20)
# As-of moments are the midnights after them.
AS_OF = ["2026-11-20", "2026-11-21"]
PUBLICATIONS = 20


@dataclass
class Readers:
    """What 50 people who read all the while found; filled when they have gone."""

    found: dict[str, Any] = field(default_factory=dict)


@contextmanager
def reading(pause: float = 0) -> Iterator[Readers]:
    """``pause``: the seconds that each waits after a read."""
    command = [sys.executable, "-m", "tests.soak.readers", str(pause)]
    people = subprocess.Popen(
        command,
        cwd=settings.PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    readers = Readers()
    try:
        yield readers
    finally:
        said, _ = people.communicate("")
        readers.found = json.loads(said)


@pytest.fixture(scope="module")
def published(warehouse: Path) -> None:
    deliver("units", "u.json", [GOOD["units"]], FIRST)
    deliver("procedures", "p.json", [GOOD["procedures"]], FIRST)
    deliver("dossiers", "d.json", [DOSSIER], FIRST)
    load_days(FIRST)
    build_marts()
    gate.open_gate()
    deliver("dossiers", "d.json", [DOSSIER | {"MaHoSo": "H24.999-261120-0008"}], SECOND)
    load_days(SECOND)
    build_marts()


def publish_again() -> None:
    """The marts and those before them change places once more."""
    with database.connect(autocommit=True) as connection:
        connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state)"
            " select as_of_day, last_load_id, 'built' from ops.build"
            " where build_id = (select max(build_id) - 1 from ops.build)"
        )
    gate.open_gate()


@contextmanager
def publishing() -> Iterator[threading.Thread]:
    """A publication that begins beside the body, and is done behind it."""
    thread = threading.Thread(target=publish_again)
    thread.start()
    yield thread
    thread.join()


def as_of(connection: psycopg.Connection, mart: str) -> str:
    [(day,)] = connection.execute(f"select max(as_of)::date::text from marts.{mart}".encode())
    return str(day)


def enters_the_other(connection: psycopg.Connection) -> bool:
    query = "select has_schema_privilege('chiso_bi', 'marts_next', 'usage')"
    [(may,)] = connection.execute(query)
    return bool(may)


def until(connection: psycopg.Connection, query: str, thread: threading.Thread) -> None:
    """Until the query finds something, or the publication has ended."""
    while thread.is_alive() and not connection.execute(query.encode()).fetchall():
        pass


def test_a_night_and_publications_among_fifty_readers(published: None) -> None:
    with reading() as readers:
        gate.open_gate()
        publish_reports()
        for _ in range(PUBLICATIONS):
            publish_again()
    found = readers.found
    assert found["failures"] == []
    assert found["torn"] == 0
    assert found["days"] == AS_OF
    assert found["reads"] > 50 * PUBLICATIONS


def test_no_marts_are_published_between_two_reports(published: None) -> None:
    with database.connect() as owner, database.connect("chiso_bi", autocommit=True) as reader:
        before = as_of(reader, "fct_scorecard")
        owner.execute("select pg_advisory_lock(%s)", [gate.PUBLICATION_LOCK])  # as publish does
        owner.commit()
        with publishing() as thread:
            until(owner, "select from pg_locks where not granted", thread)
            assert as_of(reader, "fct_scorecard") == before
            owner.execute("select pg_advisory_unlock(%s)", [gate.PUBLICATION_LOCK])
        assert as_of(reader, "fct_scorecard") != before


def test_who_is_looking_for_a_mart_is_let_in_and_nobody_after(
    published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_LOOKING_S", 60)
    with database.connect() as owner, database.connect("chiso_bi") as looking:
        owner.autocommit = True
        looking.execute("select 1")  # it might be about to look up a name
        with publishing() as thread:
            entered = "select where has_schema_privilege('chiso_bi', 'marts_next', 'usage')"
            until(owner, entered, thread)
            thread.join(timeout=0.5)  # it would have ended, did it wait for nobody
            assert enters_the_other(owner)
            looking.rollback()
        assert not enters_the_other(owner)
