"""Where exports come from: the drop folder, and what ``CHISO_HOME/connectors.csv`` adds to it.

Each of its lines names a source, an Airflow connection and a path; the connection's type tells the
connector: ``sftp`` or ``ssh``, ``aws``, ``http`` or ``https``. ``{day}`` in the path stands for the
export day, ``{page}`` (HTTP) for the number of the page.
"""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chiso766 import settings
from chiso766.connectors.offered import Offered
from chiso766.errors import ChisoError
from chiso766.sources import SOURCES

if TYPE_CHECKING:
    from airflow.sdk import Connection

logger = logging.getLogger(__name__)

_COLUMNS = ["source", "connection", "path"]
_CONNECTION = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[^}]*\}?|\}")
_PLACEHOLDERS = {"{day}", "{page}"}
# Types of connections, and what each must say.
_NEEDED = {
    "sftp": ("host", "login"),
    "ssh": ("host", "login"),
    "aws": ("login", "password"),
    "http": ("host",),
    "https": ("host",),
}
HTTP = ("http", "https")
# What their extra may name: a private key, the certificate of an own authority.
_FILES = ("key_file", "ca_file")
PORTAL = "cong_dvcqg"
"""The connection to the National Public Service Portal (``portal.py``)."""

# A folder of another machine is looked at again for so long: what comes late comes within days.
_LATE = timedelta(days=7)


@dataclass(frozen=True)
class Line:
    """A line of ``connectors.csv``."""

    source: str
    connection: str
    path: str

    def path_of(self, day: date) -> str:
        return self.path.replace("{day}", day.isoformat())


def lines() -> tuple[list[Line], list[str]]:
    """The lines that can be used, and a sentence for each that cannot."""
    path = settings.load().home / "connectors.csv"
    if not path.exists():
        return [], []
    good: list[Line] = []
    problems = []
    try:
        for number, cells in _rows(path):
            problem = _problem(number, cells, good)
            if problem:
                problems.append(f"Tệp {path}, dòng {number}: {problem}.")
            elif number > 1:
                good.append(Line(*cells))
    except (OSError, UnicodeDecodeError, csv.Error):
        problems.append(f"Không đọc được tệp {path}: hãy lưu lại dưới dạng CSV bằng UTF-8.")
    return good, problems


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, cells in enumerate(csv.reader(file, strict=True), 1):
            if cells:
                yield number, [cell.strip() for cell in cells]


def _problem(number: int, cells: list[str], good: list[Line]) -> str:
    """What is wrong with a line and what to do, in Vietnamese; empty: nothing."""
    if number == 1:
        return "" if cells == _COLUMNS else f"hãy ghi tên cột {','.join(_COLUMNS)}"
    if len(cells) != len(_COLUMNS):
        return f"có {len(cells)} cột: hãy ghi ba cột {','.join(_COLUMNS)}"
    source, connection, path = cells
    if source not in SOURCES:
        return f"không có nguồn tên này: hãy ghi một trong {', '.join(SOURCES)}"
    if not _CONNECTION.fullmatch(connection):
        return "mã kết nối không hợp lệ: hãy ghi mã của một kết nối (connection) trong Airflow"
    if connection == PORTAL:
        return f"kết nối {PORTAL} chỉ để hỏi điểm của Cổng DVCQG: hãy khai báo một kết nối khác"
    placeholders = set(_PLACEHOLDER.findall(path))
    if "{day}" not in placeholders or not placeholders <= _PLACEHOLDERS:
        return "đường dẫn phải có {day}, và ngoài {page} không có dấu ngoặc nhọn nào khác"
    if any((line.source, line.connection) == (source, connection) for line in good):
        return "nguồn này đã có một dòng với kết nối này: hãy khai báo một kết nối khác"
    return ""


def offered(
    line: Line, day: date, earlier: list[date], failed: Container[date]
) -> Iterator[Offered]:
    """The files that a line offers for the day, and late ones for earlier days that were run.

    ``failed``: the days for which the line gave nothing. Others are not asked for again over HTTP,
    where each answer has to be fetched whole to be compared.

    Raises ``ChisoError`` where the connection is not known or does not answer.
    """
    is_empty = True
    days = [day, *(each for each in earlier if each >= day - _LATE)]
    for each in _of_kind(line, connection_of(line), days, failed):
        is_empty = is_empty and each.day != day
        yield each
    if is_empty:
        logger.warning("Kết nối %s: không có tệp nào của ngày %s.", line.connection, day)


def _of_kind(
    line: Line, connection: Connection, days: list[date], failed: Container[date]
) -> Iterator[Offered]:
    # Each of the libraries takes its time to import.
    if connection.conn_type in HTTP:
        from chiso766.connectors import http

        asked = [days[0], *(day for day in days[1:] if day in failed)]
        return (http.offered(line, connection, day) for day in asked)
    if connection.conn_type == "aws":
        from chiso766.connectors import s3

        return s3.offered(line, connection, days)
    from chiso766.connectors import sftp

    return sftp.offered(line, connection, days)


def connection_of(line: Line) -> Connection:
    """The Airflow connection of a line; raises ``ChisoError`` where it cannot be used."""
    connection = declared(line.connection)
    if connection is None:
        raise ChisoError(
            f"Không có kết nối {line.connection} (nguồn {line.source}) trong Airflow: hãy khai báo"
            f" kết nối đó, hoặc biến môi trường AIRFLOW_CONN_{line.connection.upper()}."
        )
    check(line.connection, connection, tuple(_NEEDED))
    if "{page}" in line.path and connection.conn_type not in HTTP:
        raise ChisoError(
            f"Đường dẫn của nguồn {line.source}, kết nối {line.connection} có {{page}}: chỉ kết nối"
            " http, https mới chia trang, hãy bỏ {page}."
        )
    return connection


def declared(name: str) -> Connection | None:
    """The Airflow connection of this name; None where there is none."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException

    try:
        connection: Connection = Connection.get(name)
    except (AirflowException, PermissionError):
        return None
    return connection


def check(name: str, connection: Connection, types: Sequence[str]) -> None:
    """Raises ``ChisoError`` where a connection is of none of the types, or lacks what it needs."""
    kind = connection.conn_type or ""
    if kind not in types:
        raise ChisoError(
            f"Kết nối {name} thuộc loại không dùng được cho tệp xuất: hãy khai báo loại"
            f" {', '.join(types)}."
        )
    missing = [each for each in _NEEDED[kind] if not getattr(connection, each)]
    if missing:
        raise ChisoError(f"Kết nối {name} thiếu {', '.join(missing)}: hãy bổ sung trong Airflow.")
    files = [connection.extra_dejson.get(each) for each in _FILES]
    unreadable = [str(file) for file in files if file and not os.access(file, os.R_OK)]
    if unreadable:
        raise ChisoError(
            f"Kết nối {name} nêu tệp không đọc được ({', '.join(unreadable)}): hãy kiểm tra đường"
            " dẫn và quyền đọc."
        )
