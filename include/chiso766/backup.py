"""Backups of the warehouse, whole: ``./chiso backup``, and each night's with their rotation.

A backup holds the database of the warehouse and nothing else: the landing area is files under the
names of their SHA-256, which any tool copies, and the pseudonymisation key must not lie beside what
it protects.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import LiteralString
from zoneinfo import ZoneInfo

import psycopg

from chiso766 import (
    access_log,
    backup_file,
    database,
    file_export,
    postgres_tools,
    server,
    settings,
    terminal,
    warehouse,
)
from chiso766.backup_file import DUMP, Manifest
from chiso766.build_lock import build_lock
from chiso766.errors import ChisoError
from chiso766.reload import LOAD_LOCK

SUFFIX = ".chiso766"
KEPT_DAYS = 14
KEPT_MONTHS = 12

log = logging.getLogger(__name__)

_STATE: LiteralString = """
    select
        current_setting('server_version_num')::integer / 10000,
        current_user,
        pg_database_size(own.oid),
        (
            select array_agg(distinct role.rolname::text) from pg_shdepend as mention
            inner join pg_roles as role on role.oid = mention.refobjid
            where mention.dbid = own.oid and mention.refclassid = 'pg_authid'::regclass
        ),
        (select max(as_of_day) from ops.build where state = 'published')
    from pg_database as own where own.datname = current_database()
"""


def run(path: Path) -> None:
    """Write a backup; in the place of a file that is there only if it is a backup, too."""
    server.start()
    if path.exists():
        with backup_file.checked(path):
            pass
    with terminal.working(terminal.console(), "Sao lưu kho dữ liệu (sau bước đang chạy, nếu có)…"):
        write(path)
    size = path.stat().st_size / 2**20
    print(f"Đã sao lưu kho dữ liệu vào {path} ({size:.1f} MB).")
    print(
        "Bản đó không có vùng lưu (landing/) và các khóa (secret.key, personal.key): hãy chép riêng"
        " những thứ đó."
    )


def nightly() -> None:
    """Leave a backup under the day that the marts are as of; then the oldest ones go.

    So do, of who came in and what was exported, the oldest records.
    """
    access_log.prune()
    folder = settings.load().backups
    if folder is None:
        log.info("Máy chủ cơ sở dữ liệu là của nơi khác và chưa đặt CHISO_BACKUPS: không sao lưu.")
        return
    with database.connect() as connection:
        if warehouse.version(connection) is None:
            day = None
        else:
            [(day,)] = connection.execute(
                "select max(as_of_day) from ops.build where state = 'published'"
            ).fetchall()
    if day is None:
        log.info("Chưa có số liệu nào được công bố: chưa có gì để sao lưu.")
        return
    path = settings.make_private(folder) / f"{day}{SUFFIX}"
    write(path)
    log.info("Đã sao lưu kho dữ liệu vào %s", path)
    rotate(folder, day)


def write(path: Path) -> None:
    """Write a backup, whole or not at all, of a moment at which no step is half done."""
    refuse_citus()
    with build_lock() as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOAD_LOCK])
        _refuse_none(connection)
        with (
            file_export.recorded("backup", "toàn bộ kho dữ liệu", path),
            backup_file.written(path, _manifest(connection)) as archive,
            archive.open(DUMP, "w", force_zip64=True) as dump,
        ):
            postgres_tools.dump(database.warehouse_url(), dump)


def rotate(folder: Path, saved: date) -> None:
    """Remove the backups of nights that are no longer kept, and what was cut off.

    ``saved``: the night that stays in any case. After a restore it may be older than the others.
    """
    nights = _nights(folder)
    for night in nights.keys() - kept(nights.keys()) - {saved}:
        nights[night].unlink()
    for draft in folder.glob(f"*{SUFFIX}{backup_file.DRAFT}"):
        draft.unlink()


def kept(nights: Collection[date]) -> set[date]:
    """Of these nights the newest, and the first of each of the newest months."""
    newest = sorted(nights)[-KEPT_DAYS:]
    firsts = {(night.year, night.month): night for night in sorted(nights, reverse=True)}
    months = sorted(firsts)[-KEPT_MONTHS:]
    return {*newest, *(firsts[month] for month in months)}


def software_version() -> str:
    """The version of this checkout."""
    text = (settings.PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def newest(folder: Path) -> Path | None:
    """The backup of the newest night, if there is one."""
    nights = _nights(folder)
    return nights[max(nights)] if nights else None


def _nights(folder: Path) -> dict[date, Path]:
    """The nights' backups; other files are not ours to touch."""
    return {night: path for path in folder.glob(f"*{SUFFIX}") if (night := _night_of(path))}


def _night_of(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        return None


def _refuse_none(connection: psycopg.Connection) -> None:
    if warehouse.version(connection) is None:
        raise ChisoError(
            f"Cơ sở dữ liệu {connection.info.dbname} chưa có kho dữ liệu nào để sao lưu: hãy chạy"
            " ./chiso nightly NGÀY trước."
        )


def _manifest(connection: psycopg.Connection) -> Manifest:
    version = warehouse.version(connection)
    assert version is not None
    [(postgres, owner, size, roles, day)] = connection.execute(_STATE).fetchall()
    refuse_newer_server(postgres)
    return Manifest(
        software=software_version(),
        warehouse=version,
        postgres=postgres,
        owner=owner,
        roles=roles,
        size=size,
        day=day and day.isoformat(),
        made_at=datetime.now(ZoneInfo(settings.TIMEZONE)).isoformat(timespec="seconds"),
    )


def refuse_newer_server(postgres: int) -> None:
    """``postgres``: the server's major version. A program reads no server newer than itself."""
    own = postgres_tools.major_version()
    if postgres > own:
        raise ChisoError(
            f"Máy chủ là PostgreSQL {postgres}, mới hơn pg_dump {own} của phần mềm này: hãy sao lưu"
            " bằng công cụ của máy chủ, hoặc cập nhật phần mềm."
        )


def refuse_citus() -> None:
    if settings.load().is_on_citus:
        raise ChisoError(
            "Kho dữ liệu nằm trên Citus, nơi hồ sơ được chia ra nhiều máy: hãy sao lưu từng máy"
            " theo deploy/README.md."
        )
