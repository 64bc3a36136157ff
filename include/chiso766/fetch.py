"""Step 1: the day's files of the drop folder go into the landing area and are registered."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import psycopg

from chiso766 import settings
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.settings import make_private
from chiso766.sources import SOURCES

logger = logging.getLogger(__name__)

_CHUNK = 1 << 20
_ATTEMPTS = 3
# Names under which programs write a file that is not whole yet.
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")


@dataclass(frozen=True)
class _Landed:
    sha256: str
    size: int


def landing_path(sha256: str) -> Path:
    """Where the bytes with this SHA-256 (hex) are kept."""
    return settings.load().home / "landing" / sha256[:2] / sha256


def fetch_day(day: date) -> None:
    """Take in every file of an export day; bytes that are already there are not taken twice.

    The day is registered as run even where no file came. A file that is still being written is
    left for the next run.
    """
    with connect(autocommit=True) as connection:
        connection.execute(
            "insert into ops.night (export_day) values (%s) on conflict do nothing", [day]
        )
        for source, path in _delivered(settings.load().exports / day.isoformat()):
            landed = _land(path)
            if landed:
                _register(connection, day, source, path.name, landed)


def _delivered(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of the day by source, in byte order of their names."""
    for source_folder in _children(folder):
        if source_folder.name not in SOURCES or not source_folder.is_dir():
            logger.warning("Bỏ qua %s: không phải thư mục của nguồn nào.", source_folder)
            continue
        for path in _children(source_folder):
            if path.is_symlink() or not path.is_file():
                logger.warning("Bỏ qua %s: không phải một tệp thường.", path)
            elif path.name.startswith(".") or path.name.lower().endswith(_UNFINISHED):
                logger.warning("Bỏ qua %s: tệp ẩn hoặc chưa chép xong.", path)
            else:
                yield source_folder.name, path


def _children(folder: Path) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        logger.warning("Không có thư mục tệp xuất %s.", folder)
        return []
    return sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))


def _land(path: Path) -> _Landed | None:
    """Copy a file into the landing area; None where it changes while it is read."""
    for _ in range(_ATTEMPTS):
        try:
            before = path.stat()
            landed = _copy(path)
            after = path.stat()
        except OSError as error:
            raise ChisoError(
                f"Không lưu được {path} vào vùng lưu ({error.strerror}): hãy kiểm tra quyền truy"
                " cập và chỗ trống trên ổ đĩa rồi chạy lại ngày này."
            ) from error
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if unchanged and landed.size == after.st_size:
            return landed
    logger.warning("Chưa nhận %s: tệp đang được ghi, lần chạy sau sẽ nhận.", path)
    return None


def _copy(path: Path) -> _Landed:
    """Whole or not at all: the name under which the bytes are found appears last."""
    landing = make_private(settings.load().home / "landing")
    descriptor, name = tempfile.mkstemp(dir=landing)  # mkstemp makes it 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target, path.open("rb") as given:
            landed = _copy_bytes(given, target)
            os.fsync(target.fileno())
        place = landing_path(landed.sha256)
        if not place.exists():
            make_private(place.parent)
            os.replace(draft, place)
            _fsync_folder(place.parent)
            _fsync_folder(landing)
        return landed
    finally:
        draft.unlink(missing_ok=True)


def _copy_bytes(given: BinaryIO, target: BinaryIO) -> _Landed:
    digest = hashlib.sha256()
    while chunk := given.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    return _Landed(digest.hexdigest(), target.tell())


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _register(
    connection: psycopg.Connection, day: date, source: str, file_name: str, landed: _Landed
) -> None:
    connection.execute(
        "insert into ops.file (export_day, source, file_name, sha256, bytes)"
        " values (%s, %s, %s, %s, %s) on conflict do nothing",
        [day, source, _printable(file_name), landed.sha256, landed.size],
    )


def _printable(file_name: str) -> str:
    """A name that a database can hold, of whatever bytes the file system gave it."""
    return os.fsencode(file_name).decode("utf-8", "replace")
