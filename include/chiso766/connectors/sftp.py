"""SFTP: every file of the day's folder on a server whose host key is known."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import time
from typing import TYPE_CHECKING, NoReturn

import paramiko
from paramiko.config import SSH_PORT
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from chiso766.connectors.offered import (
    SETTLED_S,
    Offered,
    StillChanging,
    is_passed_over,
    printable,
)
from chiso766.connectors.transfer import (
    MOST_FILES,
    TIMEOUT_S,
    Draft,
    Interrupted,
    Patience,
    RemoteFile,
    downloaded,
    drafts_of,
    too_many_files,
)
from chiso766.errors import ChisoError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from chiso766.connectors import Line

logger = logging.getLogger(__name__)

_REQUEST = 1 << 15  # bytes that every server gives at once


def offered(line: Line, connection: Connection, days: list[date]) -> Iterator[Offered]:
    """The files of the days' folders. A folder that is not there offers nothing."""
    patience = Patience(line.connection)
    server = _Server(line.connection, connection)
    try:
        for day in days:
            folder = line.path_of(day)
            for listed in patience.insist(partial(server.files, folder)):
                yield _offer(line, server, patience, day, listed)
    finally:
        server.close()


@dataclass(frozen=True)
class _Listed:
    """A file as its folder lists it; the protocol knows whole seconds, by the server's clock."""

    name: str
    size: int
    changed: int

    @property
    def is_settled(self) -> bool:
        return self.changed < time() - SETTLED_S


def _offer(line: Line, server: _Server, patience: Patience, day: date, listed: _Listed) -> Offered:
    place = f"{line.connection}/{day}/{printable(listed.name)}"
    version = f"{listed.size} {listed.changed}" if listed.is_settled else None
    file = RemoteFile(
        place=place,
        size=listed.size,
        version=version,
        read=partial(server.read, f"{line.path_of(day)}/{listed.name}", listed),
    )
    draft = Draft(drafts_of(line.source, line.connection), day.isoformat(), listed.name)
    return Offered(
        day=day,
        source=line.source,
        name=listed.name,
        place=place,
        version=version,
        brought=lambda: downloaded(file, draft, patience),
    )


class _Server:
    """A session that is opened when it is needed, and again after it broke."""

    def __init__(self, name: str, connection: Connection) -> None:
        self._name = name
        self._connection = connection
        self._client: paramiko.SSHClient | None = None
        self._sftp: paramiko.SFTPClient | None = None

    def files(self, folder: str) -> list[_Listed]:
        """The regular files of a folder, in byte order of their names."""
        found: list[_Listed] = []
        count = 0
        with self._session() as sftp:
            try:
                for about in sftp.listdir_iter(folder):
                    count += 1
                    if count > MOST_FILES:
                        raise too_many_files(self._name)
                    found += self._listed(about)
            except FileNotFoundError:
                return []
            except PermissionError:
                raise ChisoError(
                    f"Kết nối {self._name} không có quyền đọc thư mục: hãy xin cấp quyền đọc."
                ) from None
            except UnicodeDecodeError:
                raise ChisoError(
                    f"Thư mục của kết nối {self._name} có tên tệp không phải UTF-8: hãy đổi tên."
                ) from None
        return sorted(found, key=lambda listed: listed.name.encode())

    def _listed(self, about: paramiko.SFTPAttributes) -> list[_Listed]:
        """None for what the drop folder passes over too; no honest server names a path."""
        name = about.filename
        if (
            about.st_mode is None
            or about.st_size is None
            or about.st_mtime is None
            or not stat.S_ISREG(about.st_mode)
            or "/" in name
            or "\0" in name
            or is_passed_over(name)
        ):
            logger.warning("Kết nối %s: bỏ qua %s.", self._name, printable(name))
            return []
        return [_Listed(name, about.st_size, about.st_mtime)]

    def read(self, path: str, listed: _Listed, offset: int) -> Iterator[bytes]:
        """The bytes from ``offset`` on, a request at a time, while the file stays what it was."""
        with self._session() as sftp:
            try:
                with sftp.open(path, "rb") as file:
                    _check(file.stat(), listed)
                    file.seek(offset)
                    # One request at a time: paramiko's reading ahead asks for bytes twice
                    # when its threads meet at a bad moment.
                    while chunk := file.read(_REQUEST):
                        yield chunk
                    _check(file.stat(), listed)
            except FileNotFoundError:
                raise StillChanging from None
            except PermissionError:
                raise ChisoError(
                    f"Kết nối {self._name} không có quyền đọc {printable(listed.name)}: hãy xin"
                    " cấp quyền đọc tệp đó."
                ) from None

    @contextmanager
    def _session(self) -> Iterator[paramiko.SFTPClient]:
        """What breaks here breaks the session; the next attempt opens another."""
        try:
            if self._sftp is None:
                self._sftp = self._open()
            yield self._sftp
            return
        except paramiko.BadHostKeyException as error:
            self._refuse(error.key)
        except paramiko.AuthenticationException:
            raise ChisoError(
                f"Kết nối {self._name} không đăng nhập được: hãy kiểm tra tên đăng nhập, mật khẩu"
                " hoặc key_file."
            ) from None
        except (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError) as error:
            problem = getattr(error, "strerror", None) or type(error).__name__
        self.close()
        raise Interrupted(problem)

    def _open(self) -> paramiko.SFTPClient:
        connection = self._connection
        extra = connection.extra_dejson
        host, port = str(connection.host), connection.port or SSH_PORT
        self._client = client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_Refusal(self._refuse))
        if extra.get("host_key"):
            key = self._known_key(str(extra["host_key"]))
            known_as = host if port == SSH_PORT else f"[{host}]:{port}"
            client.get_host_keys().add(known_as, key.get_name(), key)
        client.connect(
            host,
            port,
            username=connection.login,
            password=connection.password,
            key_filename=extra.get("key_file"),
            passphrase=extra.get("private_key_passphrase"),
            timeout=TIMEOUT_S,
            banner_timeout=TIMEOUT_S,
            auth_timeout=TIMEOUT_S,
            channel_timeout=TIMEOUT_S,
            allow_agent=False,
            look_for_keys=False,
        )
        sftp = client.open_sftp()
        channel = sftp.get_channel()
        assert channel is not None
        channel.settimeout(TIMEOUT_S)
        return sftp

    def _known_key(self, text: str) -> paramiko.PKey:
        try:
            entry = HostKeyEntry.from_line(f"host {text}")
        except InvalidHostKey:
            entry = None
        if entry is None or entry.key is None:
            raise ChisoError(
                f"host_key của kết nối {self._name} không đọc được: hãy ghi loại khóa và khóa, như"
                " trong tệp known_hosts (ssh-ed25519 AAAA…)."
            )
        return entry.key

    def _refuse(self, key: paramiko.PKey) -> NoReturn:
        raise ChisoError(
            f"Máy chủ của kết nối {self._name} đưa ra khóa {key.get_name()} {key.fingerprint} chưa"
            " biết hoặc đã đổi: hãy hỏi người quản trị máy chủ, đúng thì ghi khóa đó vào host_key"
            " trong phần extra của kết nối."
        ) from None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = self._sftp = None


class _Refusal(paramiko.MissingHostKeyPolicy):
    """A server whose key nobody wrote down gets no password."""

    def __init__(self, refuse: Callable[[paramiko.PKey], NoReturn]) -> None:
        self._refuse = refuse

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> NoReturn:
        self._refuse(key)


def _check(now: paramiko.SFTPAttributes, listed: _Listed) -> None:
    if (now.st_size, now.st_mtime) != (listed.size, listed.changed):
        raise StillChanging
