"""Paged HTTP(S): all pages of a pull are one file, one row per line.

One file, because within a day the later file by name wins: a page of an earlier pull that no later
pull replaces would stay for ever.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import ssl
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx
import msgspec

from chiso766.connectors.offered import Offered
from chiso766.connectors.transfer import (
    TIMEOUT_S,
    Draft,
    GivenUp,
    Interrupted,
    Patience,
    check_size,
    drafts_of,
    refuse_certificate,
)
from chiso766.errors import ChisoError
from chiso766.readers.json_text import Broken, parse

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from chiso766.connectors import Line

logger = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # else it logs every address, cursors too

_LARGEST_PAGE = 32 << 20  # bytes
_MOST_PAGES = 10_000

_line_of = msgspec.json.Encoder(decimal_format="number").encode


def offered(line: Line, connection: Connection, day: date) -> Offered:
    """The day's answers as one file; only its content tells whether it is new."""
    place = f"{line.connection}/{day}"

    @contextmanager
    def brought() -> Iterator[Path]:
        draft = Draft(drafts_of(line.source, line.connection), day.isoformat())
        with opened(line.connection, connection) as server:
            _Pull(line, day, server, draft).run()
        yield draft.path
        draft.remove()

    return Offered(
        day=day,
        source=line.source,
        name=f"{line.connection}.jsonl",
        place=place,
        version=None,
        brought=brought,
    )


@contextmanager
def opened(name: str, connection: Connection, ended_by: Container[int] = ()) -> Iterator[Server]:
    """The server of an Airflow connection. ``ended_by``: statuses that raise ``Unwelcome``."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if connection.password:
        headers["Authorization"] = f"Bearer {connection.password}"
    ca_file = connection.extra_dejson.get("ca_file")
    try:
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        client = httpx.Client(
            headers=headers, timeout=TIMEOUT_S, verify=verify, follow_redirects=False
        )
    except (OSError, UnicodeEncodeError):
        raise ChisoError(
            f"Kết nối {name} có ca_file hoặc mã truy cập (password) không dùng được: hãy kiểm tra"
            " lại hai mục đó."
        ) from None
    with client:
        yield Server(name, address_of(connection), client, ended_by)


class Unwelcome(GivenUp):
    """The server wants no more requests now."""


@dataclass(frozen=True)
class Answer:
    """``next``: the address behind this one that a Link header names."""

    body: bytes
    next: str | None


class Server:
    """Asked with patience and one request at a time; neither its size nor its word is trusted."""

    def __init__(
        self, name: str, address: str, client: httpx.Client, ended_by: Container[int]
    ) -> None:
        self.name = name
        self.address = address
        self._client = client
        self._ended_by = ended_by
        self._patience = Patience(name)

    def ask(self, address: httpx.URL, body: object = None) -> Answer:
        """The answer to GET, or to POST of a body that becomes JSON; raises ``ChisoError``."""
        return self._patience.insist(lambda: self._ask(address, body))

    def url(self, text: str, base: httpx.URL | None = None) -> httpx.URL:
        try:
            return base.join(text) if base else httpx.URL(text)
        except httpx.InvalidURL:
            raise self.wrong("có địa chỉ không hợp lệ") from None

    def wrong(self, problem: str) -> ChisoError:
        return ChisoError(
            f"Máy chủ của kết nối {self.name} {problem}: hãy kiểm tra địa chỉ, đường dẫn và mã"
            " truy cập của kết nối, hoặc hỏi người quản trị máy chủ."
        )

    def _ask(self, address: httpx.URL, given: object) -> Answer:
        method = "GET" if given is None else "POST"
        with self._talking(), self._client.stream(method, address, json=given) as answer:
            self._check_status(answer)
            body = bytearray()
            for chunk in answer.iter_raw():
                self._patience.check()
                body += chunk
                if len(body) > _LARGEST_PAGE:
                    raise self.wrong(f"trả một trang lớn hơn {_LARGEST_PAGE >> 20} MiB")
            return Answer(bytes(body), answer.links.get("next", {}).get("url"))

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            refuse_certificate(self.name, error)
            raise Interrupted(type(error).__name__) from None

    def _check_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in self._ended_by:
            raise Unwelcome(
                f"Máy chủ của kết nối {self.name} không cho hỏi nữa ({status}): hôm nay không hỏi"
                " thêm, đêm sau sẽ hỏi lại; nếu lặp lại, hãy kiểm tra mã truy cập hoặc hỏi người"
                " quản trị máy chủ."
            )
        if status in (408, 429) or status >= 500:
            raise Interrupted(f"máy chủ trả lời {status}", _asked_pause(answer))
        if status in (401, 403):
            raise self.wrong(f"từ chối mã truy cập ({status})")
        if answer.is_redirect:
            raise self.wrong(f"chuyển hướng sang địa chỉ khác ({status})")
        if not answer.is_success:
            raise self.wrong(f"trả lời {status}")


@dataclass(frozen=True)
class _Page:
    body: bytes
    rows: list[object]
    next: str | None


class _Pull:
    """One pull of all pages of a day into a draft."""

    def __init__(self, line: Line, day: date, server: Server, draft: Draft) -> None:
        self._server = server
        self._draft = draft
        self._is_counted = "{page}" in line.path
        self._template = f"{server.address}/{line.path_of(day).lstrip('/')}"
        self._first = self._server.url(self._template.replace("{page}", "1"))

    def run(self) -> None:
        """Take page after page.

        A pull that follows the server's own ``next`` goes on behind the last page it took, if the
        first page still is what it was, byte by byte: rows have not moved. Where pages are counted,
        rows may move from page to page unseen, so it starts over.
        """
        first = self._get(self._first)
        version = None
        if not self._is_counted:
            version = hashlib.sha256(str(self._first).encode() + b"\0" + first.body).hexdigest()
        with self._draft.writing(version) as target:
            if self._draft.kept["size"]:
                address, count = self._draft.kept["next"], self._draft.kept["pages"]
            else:
                address, count = self._take(first, self._first, 1, target), 1
            before = first
            while address:
                count += 1
                self._check_count(count)
                page = self._get(httpx.URL(address))
                if page.rows and page.body == before.body:
                    raise self._server.wrong("trả hai trang liền nhau giống hệt nhau")
                address = self._take(page, httpx.URL(address), count, target)
                before = page

    def _take(self, page: _Page, address: httpx.URL, count: int, target: BinaryIO) -> str | None:
        """Write the page's rows; returns the address of the page behind it."""
        for row in page.rows:
            target.write(_line_of(row) + b"\n")
        check_size(target.tell(), f"Dữ liệu của kết nối {self._server.name}")
        behind = self._behind(page, address, count)
        if behind:
            self._draft.keep(target, next=behind, pages=count)
        return behind

    def _behind(self, page: _Page, address: httpx.URL, count: int) -> str | None:
        if self._is_counted:
            following = self._template.replace("{page}", str(count + 1))
            return str(self._server.url(following)) if page.rows else None
        if not page.next:
            return None
        behind = self._server.url(page.next, address)
        if _origin(behind) != _origin(self._first) or behind.userinfo:
            raise self._server.wrong(f"chỉ sang máy chủ khác ({behind.raw_host.decode()[:60]})")
        return str(behind)

    def _check_count(self, count: int) -> None:
        if count > _MOST_PAGES:
            raise self._server.wrong(f"có hơn {_MOST_PAGES} trang")

    def _get(self, address: httpx.URL) -> _Page:
        answer = self._server.ask(address)
        return self._read(answer.body, answer.next)

    def _read(self, body: bytes, link: str | None) -> _Page:
        try:
            value = parse(body.removeprefix(codecs.BOM_UTF8))
        except (Broken, UnicodeDecodeError):
            raise self._server.wrong("trả một trang không phải JSON bằng UTF-8") from None
        message: dict[str, Any] = value if isinstance(value, dict) else {"data": value}
        rows, following = message.get("data"), message.get("next") or link
        if not isinstance(rows, list):
            raise self._server.wrong("trả một trang không có mảng data")
        if not isinstance(following, str | None):
            raise self._server.wrong("trả next không phải là một địa chỉ")
        return _Page(body, rows, following)


def address_of(connection: Connection) -> str:
    """The server's address; the schema, if given, says how to talk to it, as Airflow has it."""
    host = str(connection.host).rstrip("/")
    if "://" in host:
        return host
    host, slash, path = host.partition("/")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or connection.conn_type}://{host}{port}{slash}{path}"


def _origin(address: httpx.URL) -> tuple[str, str, int | None]:
    return address.scheme, address.host, address.port


def _asked_pause(answer: httpx.Response) -> float:
    """Seconds that ``Retry-After`` asks for, given as such or as a moment."""
    asked: str = answer.headers.get("retry-after", "")
    if asked.isdecimal():
        return float(asked)
    try:
        return (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0
