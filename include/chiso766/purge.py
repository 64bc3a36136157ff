"""Landed files older than their retention are deleted, with a record; what was loaded stays.

First it is written down which files go (``ops.purge``), then their bytes are deleted, then that
they are. What is cut off in between is finished by the next night. A file that is written down is
never loaded again, whether its bytes are still there or not, so numbers do not depend on when that
was.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta

import psycopg

from chiso766 import landing, settings, waiting
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import FETCH_LOCK
from chiso766.reload import LOAD_LOCK
from chiso766.sources import SOURCES

logger = logging.getLogger(__name__)

_RECORD = """
    insert into ops.purge (file_id, sha256, night)
    select file_id, sha256, %(night)s from ops.file
    where export_day < %(oldest)s and source = any(%(sources)s)
        and not exists (select from ops.purge where purge.file_id = file.file_id)
"""
# Of bytes that are there, whether every file that they are of is written down.
_KNOWN = """
    select file.sha256, bool_and(purge.file_id is not null)
    from ops.file left join ops.purge on purge.file_id = file.file_id
    where file.sha256 = any(%(there)s) group by file.sha256
"""
_RECORD_UNKNOWN = """
    insert into ops.purge (sha256, night) select unnest(%(unknown)s::text[]), %(night)s
    on conflict do nothing
"""
_RECORD_DELETED = """
    update ops.purge set deleted_at = clock_timestamp()
    where sha256 = any(%(gone)s) or deleted_at is null and not sha256 = any(%(kept)s)
"""
# With the files that brought them; all of them, where none shall be kept any more.
_FORGET_PERSONAL = """
    with gone as (
        delete from personal.row where export_day < %(oldest)s or not %(keeps)s
        returning source, export_day
    )
    insert into ops.personal_purge (night, source, export_day, rows)
    select %(night)s, source, export_day, count(*) from gone group by source, export_day
"""


def purge_night(night: date) -> None:
    """Delete what is older than its retention at the end of an export day.

    Bytes that a newer file shares stay. A day after the newest night counts as that night. A source
    whose files still wait to be loaded is left for another night. Raises ``ChisoError`` where
    bytes cannot be deleted.
    """
    with connect(autocommit=True) as connection:
        for lock in (LOAD_LOCK, FETCH_LOCK):
            connection.execute("select pg_advisory_lock(%s)", [lock])
        [(newest,)] = connection.execute("select max(export_day) from ops.night").fetchall()
        if newest is None:
            return
        current = settings.load()
        oldest = min(night, newest) - timedelta(days=current.retention_days)
        sources = [
            name
            for name, source in SOURCES.items()
            if not waiting.next_files(connection, source, newest)
        ]
        given = {"night": night, "oldest": oldest, "sources": sources}
        forgotten = connection.execute(_FORGET_PERSONAL, given | {"keeps": current.keep_personal})
        if forgotten.rowcount:
            connection.execute("vacuum personal.row")  # else it would still lie in the file
        files = connection.execute(_RECORD, given).rowcount
        contents = _delete(connection, night, oldest)
        logger.info(
            "Quá hạn lưu (ngày dữ liệu trước %s): %d tệp, đã xóa %d nội dung.",
            oldest,
            files,
            contents,
        )


def _delete(connection: psycopg.Connection, night: date, oldest: date) -> int:
    """Delete bytes that no file needs any more, or that came before that day and are of none."""
    there = landing.landed_on()
    found = connection.execute(_KNOWN, {"there": list(there)}).fetchall()
    is_purged: dict[str, bool] = dict(found)
    unknown = [name for name, day in there.items() if name not in is_purged and day < oldest]
    connection.execute(_RECORD_UNKNOWN, {"unknown": unknown, "night": night})
    gone = {*unknown, *(name for name, is_gone in is_purged.items() if is_gone)}
    try:
        for name in gone:
            landing.remove(name)
    except OSError as error:
        raise ChisoError(
            f"Không xóa được tệp quá hạn lưu khỏi vùng lưu ({error.strerror}): hãy kiểm tra quyền"
            " truy cập thư mục landing rồi chạy lại DAG purge của ngày này."
        ) from error
    kept = there.keys() - gone
    connection.execute(_RECORD_DELETED, {"gone": list(gone), "kept": list(kept)})
    return len(gone)
