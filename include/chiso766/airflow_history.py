"""How long Airflow's record of its runs and the logs of their steps are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from chiso766 import airflow_env, settings
from chiso766.access_log import KEPT
from chiso766.database import connect
from chiso766.errors import ChisoError

_CLEAN = [sys.executable, "-P", "-m", "airflow", "db", "clean", "--yes", "--skip-archive"]


def prune(night: date) -> None:
    """Remove the runs, and the logs, that began more than ``KEPT`` before an export day.

    A day after the newest night counts as that night. Airflow keeps the last scheduled run of each
    DAG. Raises ``ChisoError`` where Airflow does not clean its database.
    """
    with connect() as connection:
        [(day,)] = connection.execute(
            "select least(max(export_day), %s) from ops.night", [night]
        ).fetchall()
    oldest = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.TIMEZONE)) - KEPT
    _clean_metadata(oldest)
    for path in [*airflow_env.log_folder().rglob("*")]:
        if path.is_file() and path.stat().st_mtime < oldest.timestamp():
            _remove(path)


def _remove(log: Path) -> None:
    """Remove a log, and the folders of which it was the last."""
    log.unlink()
    for folder in log.parents:
        if folder == airflow_env.log_folder() or any(folder.iterdir()):
            return
        folder.rmdir()


def _clean_metadata(oldest: datetime) -> None:
    # A step itself is kept from the database by Airflow.
    address = {
        name: value
        for name, value in airflow_env.variables().items()
        if name.startswith("AIRFLOW__DATABASE__")
    }
    done = subprocess.run(
        [*_CLEAN, "--error-on-cleanup-failure", "--clean-before-timestamp", oldest.isoformat()],
        env=os.environ | address,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ChisoError(
            "Airflow không dọn được lịch sử chạy cũ của nó: hãy kiểm tra cơ sở dữ liệu bằng"
            " ./chiso doctor rồi chạy lại DAG purge của ngày này."
        ) from RuntimeError(done.stderr)
