"""How long it is kept who came into the database and what left it as a file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from chiso766 import database, settings

# At least twelve months, also of the day before a holiday.
KEPT = timedelta(days=400)


def prune() -> None:
    """Remove what is older than ``KEPT``, by the newest that there is: a clock may be wrong."""
    logs = _logs()
    for day in logs:
        if day < max(logs) - KEPT:
            logs[day].unlink()
    with database.connect() as connection:
        [(has_record,)] = connection.execute("select to_regclass('ops.file_export') is not null")
        if has_record:
            connection.execute(
                "delete from ops.file_export"
                " where started_at < (select max(started_at) - %s from ops.file_export)",
                [KEPT],
            )


def _logs() -> dict[date, Path]:
    """The day that a log of the embedded server's sessions was begun -> the log."""
    begin = "postgresql-"
    found = {}
    for path in settings.load().logs.glob(f"{begin}*.log"):
        try:
            found[date.fromisoformat(path.stem.removeprefix(begin))] = path
        except ValueError:  # that of starts
            continue
    return found
