"""A day's files are loaded again because somebody asked for it; the reason is kept."""

from __future__ import annotations

from datetime import date

import psycopg

from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.names import on_one_line

# Any number that nothing else locks: one load at a time.
LOAD_LOCK = 766_000_002

# After everything that was loaded until now; a run that is tried again asks nothing new.
_ASK = """
    insert into ops.reload (run_id, export_day, reason, after_load_id)
    select %s, %s, %s, coalesce(max(load_id), 0) from ops.load
    on conflict (run_id) do nothing
"""


_PURGED = """
    select export_day, max(night) from ops.file join ops.purge using (file_id)
    where export_day between %s and %s
    group by export_day order by export_day limit 1
"""


def checked(reason: str) -> str:
    """The reason on one line; raises ``ChisoError`` where it says nothing."""
    line = on_one_line(reason)
    if not line:
        raise ChisoError("Lý do nạp lại đang trống: hãy ghi vì sao cần nạp lại, trong một câu.")
    return line


def refuse_purged(connection: psycopg.Connection, first: date, last: date) -> None:
    """Raise ``ChisoError`` where files of these export days were deleted from the landing area."""
    found = connection.execute(_PURGED, [first, last]).fetchone()
    if found:
        day, night = found
        raise ChisoError(
            f"Tệp của ngày {day} đã bị xóa khỏi vùng lưu đêm {night} vì quá hạn lưu"
            " (CHISO_RETENTION_DAYS) nên không nạp lại được: hãy gửi các dòng cần sửa trong tệp của"
            " một ngày mới."
        )


def ask_reload(day: date, reason: str, run_id: str) -> None:
    """From its next check on, every file of the export day is loaded again, refused ones too.

    ``run_id``: the run of the first step that asks. Raises ``ChisoError`` for an empty reason, and
    where files of the day are no longer kept.
    """
    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [LOAD_LOCK])  # none is half done
        refuse_purged(connection, day, day)
        connection.execute(_ASK, [run_id, day, checked(reason)])
