"""Step 1: what the drop folder and other places offer goes into the landing area, registered."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import psycopg
from structlog.contextvars import bound_contextvars

from chiso766 import connectors, landing
from chiso766.connectors import drop_folder
from chiso766.connectors.offered import Offered, StillChanging, printable
from chiso766.connectors.transfer import GivenUp, remove_drafts
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.landing import Landed
from chiso766.object_store import StoreFault

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_MOST_NAMED = 10
# Any number that nothing else locks: one fetch at a time, for each looks at earlier days too.
FETCH_LOCK = 766_000_004

# The versions of a place's files that were taken, by day, source and name.
_SEEN = """
    select file.export_day, file.source, file.file_name, sighting.version
    from ops.sighting as sighting join ops.file as file using (file_id)
    where sighting.origin = %s and sighting.version is not null
"""

# What was registered last under a name: from the same place, or else from anywhere.
_REGISTERED = """
    select file.file_id, file.sha256
    from ops.file as file
    left join ops.sighting as sighting
        on sighting.export_day = file.export_day and sighting.source = file.source
        and sighting.origin = %(origin)s and sighting.file_name = file.file_name
        and sighting.file_id = file.file_id
    where file.export_day = %(day)s and file.source = %(source)s and file.file_name = %(name)s
    order by sighting.file_id is null, file.file_id desc
    limit 1
"""

_REGISTER = """
    insert into ops.file (export_day, source, file_name, sha256, bytes)
    values (%(day)s, %(source)s, %(name)s, %(sha256)s, %(size)s)
    returning file_id
"""

_SEE = """
    insert into ops.sighting (export_day, source, origin, file_name, version, file_id)
    values (%(day)s, %(source)s, %(origin)s, %(name)s, %(version)s, %(file_id)s)
    on conflict (export_day, source, origin, file_name) do update
    set version = excluded.version, file_id = excluded.file_id
"""

_Seen = set[tuple[date, str, str, str]]


# The days for which a place gave nothing; what it gives now ends that.
_FAILED = "select export_day from ops.fetch_failure where (source, origin) = (%s, %s)"
_FORGET_FAILURE = "delete from ops.fetch_failure where (source, origin) = (%s, %s)"
# What the portal did not give is none of these: portal.py notes it before the night begins.
_FORGET_FAILURES = """
    delete from ops.fetch_failure where export_day = %s and origin is distinct from %s
"""
_FORGET_FAILURES_OF = """
    delete from ops.fetch_failure where (export_day, source, origin) = (%s, %s, %s)
"""
_NOTE_FAILURE = """
    insert into ops.fetch_failure (export_day, source, origin, sentence) values (%s, %s, %s, %s)
"""


@dataclass(frozen=True)
class _Place:
    """Where files come from. ``origin``: the connection, empty for the drop folder."""

    origin: str
    offered: Callable[[], Iterator[Offered]]
    source: str | None = None
    finish: Callable[[], None] | None = None


@dataclass(frozen=True)
class _Failure:
    """``source``: None where it is of none in particular. ``is_own``: this machine is to blame."""

    sentence: str
    source: str | None = None
    origin: str = ""
    is_own: bool = False


class OwnFault(ChisoError):
    """The landing area cannot take what is offered."""


def fetch_day(day: date, is_last_try: bool = False) -> None:
    """Take in every file that is offered for an export day, and late ones for earlier days.

    Earlier days are those that were run; days that never were stay untouched. What is offered
    unchanged is not read again; the same bytes again are nothing new. The day is registered as run
    even where no file came. A file that is still being written is left for the next run. Whatever
    fails, everything else is taken; then ``ChisoError`` names what failed. On the last try nothing
    but a fault of this machine holds up the night: ``data_status`` says what could not be read, and
    the next night asks for it again.
    """
    try:
        failures = _fetch(day)
    except psycopg.Error as error:
        code = error.sqlstate or type(error).__name__
        raise ChisoError(
            f"Không ghi được sổ nhận tệp (mã lỗi cơ sở dữ liệu {code}): hãy kiểm tra cơ sở dữ liệu"
            " rồi chạy lại ngày này."
        ) from error
    if not failures:
        return
    failed = _failed(day, [failure.sentence for failure in failures])
    if not is_last_try or any(failure.is_own for failure in failures):
        raise failed
    logger.warning("%s", failed)


def _fetch(day: date) -> list[_Failure]:
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [FETCH_LOCK])
        connection.execute(
            "insert into ops.night (export_day) values (%s) on conflict do nothing", [day]
        )
        rows = connection.execute(
            "select export_day from ops.night where export_day < %s order by export_day desc", [day]
        )
        earlier = [row[0] for row in rows]
        landing.remove_drafts()
        lines, problems = connectors.lines()
        failures = [_Failure(problem) for problem in problems]
        connection.execute(_FORGET_FAILURES, [day, connectors.PORTAL])
        places = [_Place("", partial(drop_folder.offered, day, earlier))]
        places += [_place(connection, line, day, earlier) for line in lines]
        for place in places:
            about = {"source": place.source} if place.source else {}
            with bound_contextvars(**about):
                failed = _take_all(connection, place)
            if not failed:
                connection.execute(_FORGET_FAILURE, [place.source, place.origin])
            failures += failed
        with connection.cursor() as cursor:
            noted = [(day, each.source, each.origin, each.sentence) for each in failures]
            cursor.executemany(_NOTE_FAILURE, noted)
    return failures


def _place(
    connection: psycopg.Connection, line: connectors.Line, day: date, earlier: list[date]
) -> _Place:
    failed = {row[0] for row in connection.execute(_FAILED, [line.source, line.connection])}
    return _Place(
        line.connection,
        partial(connectors.offered, line, day, earlier, failed),
        line.source,
        partial(remove_drafts, line.source, line.connection),
    )


def _take_all(connection: psycopg.Connection, place: _Place) -> list[_Failure]:
    """Take what a place offers; returns what failed."""
    seen: _Seen = set(connection.execute(_SEEN, [place.origin]))
    failures = []

    def note(sentence: str, source: str | None = place.source, is_own: bool = False) -> None:
        failures.append(_Failure(sentence, source, place.origin, is_own))

    try:
        for offered in place.offered():
            name = printable(offered.name)
            if (offered.day, offered.source, name, offered.version) in seen:
                continue
            try:
                with bound_contextvars(source=offered.source):
                    _take(connection, place.origin, offered, name)
            except GivenUp:
                raise
            except ChisoError as error:
                note(str(error), offered.source, isinstance(error, OwnFault))
    except ChisoError as error:
        note(str(error))
    except psycopg.Error:
        raise
    except Exception as error:  # what a library makes of what a server says stops no other place
        if not place.origin:
            raise
        note(
            f"Kết nối {place.origin} hỏng ngoài dự kiến ({type(error).__name__}): hãy kiểm tra máy"
            " chủ có đúng loại đã khai báo không rồi chạy lại ngày này."
        )
    if place.finish and not failures:
        place.finish()
    return failures


def take(connection: psycopg.Connection, origin: str, offered: Offered) -> None:
    """Land and register one file that another than ``fetch_day`` has; waits while that is at work.

    Raises ``OwnFault``, and what ``offered`` raises.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [FETCH_LOCK])
        _take(connection, origin, offered, printable(offered.name))


def note_failures(
    connection: psycopg.Connection, day: date, source: str, origin: str, sentences: list[str]
) -> None:
    """What a place did not give for the day, instead of what was noted before."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_FORGET_FAILURES_OF, [day, source, origin])
        cursor.executemany(_NOTE_FAILURE, [(day, source, origin, each) for each in sentences])


def _take(connection: psycopg.Connection, origin: str, offered: Offered, name: str) -> None:
    path = None
    try:
        with offered.brought() as path:
            landed = _land(path)
            _register(connection, origin, offered, name, landed)
    except StillChanging:
        logger.warning("Chưa nhận %s: tệp đang được ghi, lần chạy sau sẽ nhận.", offered.place)
    except StoreFault as fault:
        raise OwnFault(f"Không lưu được {offered.place}. {fault}") from fault
    except OSError as error:
        if path and os.fspath(error.filename or "") == os.fspath(path):
            raise ChisoError(
                f"Không đọc được {offered.place} ({error.strerror}): hãy kiểm tra quyền truy cập"
                " rồi chạy lại ngày này."
            ) from error
        raise OwnFault(
            f"Không lưu được {offered.place} vào vùng lưu ({error.strerror}): hãy kiểm tra quyền"
            " truy cập và chỗ trống trên ổ đĩa rồi chạy lại ngày này."
        ) from error


def _land(path: Path) -> Landed:
    """Copy a file into the landing area; raises ``StillChanging`` where it changes meanwhile."""
    for _ in range(_ATTEMPTS):
        before = path.stat()
        landed = landing.keep(path)
        after = path.stat()
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if unchanged and landed.size == after.st_size:
            return landed
    raise StillChanging


def _register(
    connection: psycopg.Connection, origin: str, offered: Offered, name: str, landed: Landed
) -> None:
    """A file of its own, unless it says what the place said last under this name."""
    given = {
        "day": offered.day,
        "source": offered.source,
        "origin": origin,
        "name": name,
        "version": offered.version,
        "sha256": landed.sha256,
        "size": landed.size,
    }
    with connection.transaction():
        registered = connection.execute(_REGISTERED, given).fetchone()
        if registered is None or registered[1] != landed.sha256:
            registered = connection.execute(_REGISTER, given).fetchone()
        assert registered is not None
        connection.execute(_SEE, given | {"file_id": registered[0]})


def _failed(day: date, failures: list[str]) -> ChisoError:
    if len(failures) == 1:
        return ChisoError(failures[0])
    named = " ".join(f"({number}) {each}" for number, each in enumerate(failures[:_MOST_NAMED], 1))
    return ChisoError(
        f"Ngày {day}: {len(failures)} chỗ không nhận được, những chỗ khác đã nhận. {named}"
    )
