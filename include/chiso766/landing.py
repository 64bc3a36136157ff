"""The landing area: every byte that came, found by its SHA-256.

A folder of ``CHISO_HOME``, or an object store where several machines work (``CHISO_LANDING``).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from chiso766 import object_store, settings
from chiso766.settings import make_private

_CHUNK = 1 << 20
_DRAFT = "draft-"
_PREFIX = "landing"  # of the keys in an object store
_SHA256 = "[0-9a-f]" * 64
# One name for all: what a killed process leaves of it is overwritten by the next download.
_BEING_READ = "being-read"


@dataclass(frozen=True)
class Landed:
    """``sha256``: hex. ``size``: bytes."""

    sha256: str
    size: int


def landing_path(sha256: str) -> Path:
    """Where the bytes with this SHA-256 (hex) are kept, if the landing area is a folder."""
    return _folder() / sha256[:2] / sha256


def keep(path: Path) -> Landed:
    """Copy a file in; whole or not at all: the name by which the bytes are found appears last.

    Raises ``OSError``, and ``StoreFault`` where an object store does not take it.
    """
    descriptor, name = tempfile.mkstemp(dir=make_private(_folder()), prefix=_DRAFT)  # it is 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target, open(path, "rb", opener=_open_file) as given:
            landed = _copy_bytes(given, target)
            os.fsync(target.fileno())
        store = object_store.declared()
        if store is None:
            _put_in_place(draft, landing_path(landed.sha256))
        elif store.size(_key(landed.sha256)) != landed.size:
            store.upload(draft, _key(landed.sha256))
        return landed
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(sha256: str) -> Iterator[Path]:
    """A local path to the bytes with this SHA-256 (hex), as long as the body runs.

    From an object store they are brought here, one file at a time: only who holds the lock of
    loading may ask. Raises ``StoreFault`` where they do not come as they were kept.
    """
    store = object_store.declared()
    if store is None:
        yield landing_path(sha256)
        return
    copy = make_private(_folder()) / _BEING_READ
    try:
        store.download(_key(sha256), copy)
        with copy.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise object_store.StoreFault(
                    f"Tệp {_key(sha256)} trong kho đối tượng không còn như lúc nhận: hãy khôi phục"
                    " tệp đó từ bản sao lưu rồi chạy lại ngày này."
                )
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def landed_on() -> dict[str, date]:
    """SHA-256 (hex) of all bytes that are kept -> the day, in Vietnam, since when they are."""
    store = object_store.declared()
    if store is None:
        moments = {
            path.name: datetime.fromtimestamp(path.stat().st_mtime, UTC)
            for path in _folder().glob(f"??/{_SHA256}")
        }
    else:
        there = store.times(_PREFIX)
        moments = {key.rpartition("/")[2]: moment for key, moment in there.items()}
    here = ZoneInfo(settings.TIMEZONE)
    return {name: moment.astimezone(here).date() for name, moment in moments.items()}


def remove(sha256: str) -> None:
    """Delete the bytes with this SHA-256 (hex), if they are there."""
    store = object_store.declared()
    if store is None:
        landing_path(sha256).unlink(missing_ok=True)
    else:
        store.delete(_key(sha256))


def remove_drafts() -> None:
    """What a fetch that was killed left; to be called where no other is at work."""
    for draft in _folder().glob(f"{_DRAFT}*"):
        draft.unlink()


def _folder() -> Path:
    return settings.load().home / "landing"


def _key(sha256: str) -> str:
    return f"{_PREFIX}/{sha256[:2]}/{sha256}"


def _put_in_place(draft: Path, place: Path) -> None:
    if not place.exists():
        make_private(place.parent)
        os.replace(draft, place)
        _fsync_folder(place.parent)
        _fsync_folder(_folder())


def _open_file(path: str, flags: int) -> int:
    """Neither a link nor a pipe that took the file's place since it was looked at."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _copy_bytes(given: BinaryIO, target: BinaryIO) -> Landed:
    digest = hashlib.sha256()
    while chunk := given.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    return Landed(digest.hexdigest(), target.tell())


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
