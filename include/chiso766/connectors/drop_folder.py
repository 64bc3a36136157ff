"""The drop folder: ``<exports>/<YYYY-MM-DD>/<source>/*``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import date
from pathlib import Path
from time import time_ns
from typing import NoReturn

from chiso766 import settings
from chiso766.connectors.offered import SETTLED_S, Offered, is_passed_over, printable
from chiso766.errors import ChisoError
from chiso766.sources import SOURCES

logger = logging.getLogger(__name__)


def offered(day: date, earlier: list[date]) -> Iterator[Offered]:
    """The files of the day, then those of earlier days, which may have come late.

    Links are refused, of files and of folders: whoever may write into the drop folder could have
    this software read, with its own rights, any file of the machine. A folder that cannot be read
    is offered as a file that cannot be brought.
    """
    yield from _of_day(day, logging.WARNING)
    for each in earlier:
        yield from _of_day(each, logging.DEBUG)  # said when it was that day's turn


def _of_day(day: date, level: int) -> Iterator[Offered]:
    """The files of a day by source, in byte order of their names."""
    place = settings.load().exports / day.isoformat()
    try:
        folders = _children(place, level)
    except OSError as error:
        yield _unreadable(day, None, place, error)
        return
    for folder in folders:
        try:
            yield from list(_of_source(day, folder, level))
        except OSError as error:
            yield _unreadable(day, folder.name, folder, error)


def _of_source(day: date, folder: Path, level: int) -> Iterator[Offered]:
    if folder.name not in SOURCES or not folder.is_dir():
        logger.log(level, "Bỏ qua %s: không phải thư mục của nguồn nào.", shown(folder))
        return
    for path in _children(folder, level):
        if path.is_symlink() or not path.is_file():
            logger.log(level, "Bỏ qua %s: không phải một tệp thường.", shown(path))
        elif is_passed_over(path.name):
            logger.log(level, "Bỏ qua %s: tệp ẩn hoặc chưa chép xong.", shown(path))
        else:
            with suppress(FileNotFoundError):  # it was taken away, or renamed, meanwhile
                yield _offer(day, folder.name, path)


def _unreadable(day: date, source: str | None, folder: Path, error: OSError) -> Offered:
    sentence = (
        f"Không đọc được thư mục {shown(folder)} ({error.strerror}): hãy kiểm tra quyền truy cập"
        " rồi chạy lại ngày này."
    )

    def brought() -> NoReturn:
        raise ChisoError(sentence)

    return Offered(day, source, folder.name, shown(folder), None, brought)


def _offer(day: date, source: str, path: Path) -> Offered:
    return Offered(
        day=day,
        source=source,
        name=path.name,
        place=shown(path),
        version=_version(path),
        brought=lambda: nullcontext(path),
    )


def _children(folder: Path, level: int) -> list[Path]:
    if not folder.is_dir() or folder.is_symlink():
        logger.log(level, "Không có thư mục tệp xuất %s.", shown(folder))
        return []
    return sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))


def _version(path: Path) -> str | None:
    """Size and times; that of the last change of any kind cannot be set back by a copying tool."""
    about = path.stat(follow_symlinks=False)
    newest = max(about.st_mtime_ns, about.st_ctime_ns)
    if newest > time_ns() - SETTLED_S * 1_000_000_000:
        return None
    return f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"


def shown(path: Path) -> str:
    """The path for people: a name may hold any bytes."""
    return str(path.parent / printable(path.name))
