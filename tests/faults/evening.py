"""A second night after a published first one, cut into stages that can be restored."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chiso766 import database, server, settings
from chiso766.errors import ChisoError

from . import nights
from .contents import assert_accounts_are_right, contents, fingerprints, reports
from .injection import FOLDERS
from .nights import BUILD, GATE, LOADING, OF_A_NIGHT, PUBLISH, REPORT, Step

STAGES = (*LOADING[OF_A_NIGHT:], BUILD, GATE, PUBLISH, REPORT)
_HISTORY = """
    select dense_rank() over (order by build_id) as publication, to_jsonb(version) - 'build_id'
    from history.indicator_version as version
"""
_PUBLISHED = """
    select build.as_of_day, build.state, count(node.node) as nodes from ops.build
    left join ops.build_node as node using (build_id)
    where build.state = 'published' group by build_id, as_of_day, build.state
"""
# What readers see of the marts, in one statement.
_SEEN = """
    select md5(string_agg(to_jsonb(score)::text, ',' order by to_jsonb(score)::text))
    from marts.fct_indicator as score
"""


@dataclass
class Result:
    """All that people and the next night find."""

    contents: dict[str, list[str]]
    marts: dict[str, str]
    history: list[str]
    builds: list[str]
    relations: list[str]
    reports: dict[str, object]


def result() -> Result:
    with database.connect() as connection:
        assert_accounts_are_right(connection)
        return Result(
            contents(connection),
            fingerprints(connection),
            _lines(connection, _HISTORY),
            _lines(connection, _PUBLISHED),
            _relations(connection),
            reports(),
        )


def _lines(connection: psycopg.Connection, query: str) -> list[str]:
    rows = connection.execute(f"select to_jsonb(given)::text from ({query}) as given".encode())
    return sorted(line for (line,) in rows)


def _relations(connection: psycopg.Connection) -> list[str]:
    """Every relation of every schema, so that a forgotten one shows."""
    rows = connection.execute(
        "select relnamespace::regnamespace || '.' || relname from pg_class"
        " where relkind in ('r', 'v') and relnamespace::regnamespace::text !~ '^(pg_|information)'"
        " order by 1"
    )
    return [name for (name,) in rows]


class Evening:
    """``events``: what each stage does, by its name. ``yesterday``, ``today``: what readers see.

    ``expected``: what an undisturbed night leaves.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[str]] = {}
        # The second build goes on from the first.
        for step in (*LOADING[:OF_A_NIGHT], BUILD, GATE, BUILD, GATE, PUBLISH):
            _deliver(step)
            _run(step)
        self.yesterday = seen()
        for step in STAGES:
            _deliver(step)
            self._keep(step)
            _run(step)
            self.events[step.name] = nights.note()["events"]
        self.today = seen()
        self.expected = result()
        assert self.today != self.yesterday

    def restore(self, step: Step) -> None:
        """Make everything what it was before a stage."""
        with _admin() as admin:
            admin.execute(f"drop database if exists {database.WAREHOUSE} with (force)".encode())
            server.create_database(
                admin, database.WAREHOUSE, database.OWNER, template=_kept_database(step)
            )
            server.let_readers_in(admin, database.WAREHOUSE)
            # Numbers of a sequence that its template had logged ahead are not logged again before a
            # checkpoint: a server that is killed would give them twice.
            admin.execute("checkpoint")
        for folder in _folders():
            _copy(_kept_folder(step, folder), folder)

    def finish(self, step: Step) -> None:
        """The night from a stage on; it ends as the undisturbed one."""
        for each in STAGES[STAGES.index(step) :]:
            _run(each)
        assert result() == self.expected

    def _keep(self, step: Step) -> None:
        with _admin() as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [database.WAREHOUSE],
            )
            server.create_database(
                admin, _kept_database(step), database.OWNER, template=database.WAREHOUSE
            )
        for folder in _folders():
            _copy(folder, _kept_folder(step, folder))


def _deliver(step: Step) -> None:
    if step.deliver:
        step.deliver()


def _run(step: Step) -> None:
    assert run(step) == 0, nights.note()["sentence"]


def run(step: Step, fault: nights.Fault | None = None) -> int:
    """Run a stage; returns its exit code: 0, 1 where it raised, -9 where it was killed."""
    return nights.start_apart(step, fault).wait()


def seen() -> str:
    """What a reader sees of the marts now."""
    with database.connect("chiso_analyst") as connection:
        [(digest,)] = connection.execute(_SEEN.encode())
    return str(digest)


@contextmanager
def reading() -> Iterator[set[str]]:
    """A reader at work all the while; at the end the set holds all that it saw, errors too.

    That no server answers is none: it says so to everybody.
    """
    note = settings.load().home.parent / "seen.jsonl"
    note.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.faults.evening", str(note)]
    reader = subprocess.Popen(command, cwd=settings.PROJECT_ROOT)
    found: set[str] = set()
    try:
        yield found
    finally:
        reader.kill()
        reader.wait()
    found |= {json.loads(line) for line in note.read_text().splitlines()}


def _read_for_ever(note: Path) -> None:
    last = ""
    with note.open("w") as file:
        while True:
            try:
                now = seen()
            except (ChisoError, psycopg.OperationalError):
                continue
            except BaseException as error:
                now = repr(error)
            if now != last:
                file.write(json.dumps(now) + "\n")
                file.flush()
            last = now


def _admin() -> psycopg.Connection:
    url = database.embedded_url(database.SUPERUSER, "postgres")
    return database.open_url(url, autocommit=True)


def _kept_database(step: Step) -> str:
    return f"before_{step.name.replace(' ', '_')}"


def _folders() -> list[Path]:
    return [settings.load().exports, *(settings.load().home / name for name in FOLDERS)]


def _kept_folder(step: Step, folder: Path) -> Path:
    return settings.load().home.parent / _kept_database(step) / folder.name


def _copy(folder: Path, to: Path) -> None:
    """The folder itself may be a disk: what is in it changes, not the folder."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    for there in to.iterdir():
        shutil.rmtree(there) if there.is_dir() else there.unlink()
    if folder.exists():
        shutil.copytree(folder, to, dirs_exist_ok=True)


if __name__ == "__main__":
    _read_for_ever(Path(sys.argv[1]))
