"""Paged HTTP(S): all pages of a pull are one file, one row per line.

One file, because within a day the later file by name wins: a page of an earlier pull that no later
pull replaces would stay for ever.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import ssl
from collections.abc import Iterator
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
        with _client(line, connection) as client:
            _Pull(line, connection, day, client, draft).run()
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


def _client(line: Line, connection: Connection) -> httpx.Client:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if connection.password:
        headers["Authorization"] = f"Bearer {connection.password}"
    ca_file = connection.extra_dejson.get("ca_file")
    try:
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        return httpx.Client(
            headers=headers, timeout=TIMEOUT_S, verify=verify, follow_redirects=False
        )
    except (OSError, UnicodeEncodeError):
        raise ChisoError(
            f"Kết nối {line.connection} có ca_file hoặc mã truy cập (password) không dùng được: hãy"
            " kiểm tra lại hai mục đó."
        ) from None


@dataclass(frozen=True)
class _Page:
    body: bytes
    rows: list[object]
    next: str | None


class _Pull:
    """One pull of all pages of a day into a draft."""

    def __init__(
        self, line: Line, connection: Connection, day: date, client: httpx.Client, draft: Draft
    ) -> None:
        self._name = line.connection
        self._client = client
        self._draft = draft
        self._patience = Patience(line.connection)
        self._is_counted = "{page}" in line.path
        self._template = f"{_server(connection)}/{line.path_of(day).lstrip('/')}"
        self._first = self._address(self._template.replace("{page}", "1"))

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
                    raise self._wrong("trả hai trang liền nhau giống hệt nhau")
                address = self._take(page, httpx.URL(address), count, target)
                before = page

    def _take(self, page: _Page, address: httpx.URL, count: int, target: BinaryIO) -> str | None:
        """Write the page's rows; returns the address of the page behind it."""
        for row in page.rows:
            target.write(_line_of(row) + b"\n")
        check_size(target.tell(), f"Dữ liệu của kết nối {self._name}")
        behind = self._behind(page, address, count)
        if behind:
            self._draft.keep(target, next=behind, pages=count)
        return behind

    def _behind(self, page: _Page, address: httpx.URL, count: int) -> str | None:
        if self._is_counted:
            following = self._template.replace("{page}", str(count + 1))
            return str(self._address(following)) if page.rows else None
        if not page.next:
            return None
        behind = self._address(page.next, address)
        if _origin(behind) != _origin(self._first) or behind.userinfo:
            raise self._wrong(f"chỉ sang máy chủ khác ({behind.raw_host.decode()[:60]})")
        return str(behind)

    def _address(self, text: str, base: httpx.URL | None = None) -> httpx.URL:
        try:
            return base.join(text) if base else httpx.URL(text)
        except httpx.InvalidURL:
            raise self._wrong("có địa chỉ không hợp lệ") from None

    def _check_count(self, count: int) -> None:
        if count > _MOST_PAGES:
            raise self._wrong(f"có hơn {_MOST_PAGES} trang")

    def _get(self, address: httpx.URL) -> _Page:
        return self._patience.insist(lambda: self._page(address))

    def _page(self, address: httpx.URL) -> _Page:
        with self._talking(), self._client.stream("GET", address) as answer:
            self._check_status(answer)
            body = bytearray()
            for chunk in answer.iter_raw():
                self._patience.check()
                body += chunk
                if len(body) > _LARGEST_PAGE:
                    raise self._wrong(f"trả một trang lớn hơn {_LARGEST_PAGE >> 20} MiB")
            link = answer.links.get("next", {}).get("url")
        return self._read(bytes(body), link)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            refuse_certificate(self._name, error)
            raise Interrupted(type(error).__name__) from None

    def _check_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (408, 429) or status >= 500:
            raise Interrupted(f"máy chủ trả lời {status}", _asked_pause(answer))
        if status in (401, 403):
            raise self._wrong(f"từ chối mã truy cập ({status})")
        if answer.is_redirect:
            raise self._wrong(f"chuyển hướng sang địa chỉ khác ({status})")
        if not answer.is_success:
            raise self._wrong(f"trả lời {status}")

    def _read(self, body: bytes, link: str | None) -> _Page:
        try:
            value = parse(body.removeprefix(codecs.BOM_UTF8))
        except (Broken, UnicodeDecodeError):
            raise self._wrong("trả một trang không phải JSON bằng UTF-8") from None
        message: dict[str, Any] = value if isinstance(value, dict) else {"data": value}
        rows, following = message.get("data"), message.get("next") or link
        if not isinstance(rows, list):
            raise self._wrong("trả một trang không có mảng data")
        if not isinstance(following, str | None):
            raise self._wrong("trả next không phải là một địa chỉ")
        return _Page(body, rows, following)

    def _wrong(self, problem: str) -> ChisoError:
        return ChisoError(
            f"Máy chủ của kết nối {self._name} {problem}: hãy kiểm tra địa chỉ, đường dẫn và mã"
            " truy cập của kết nối, hoặc hỏi người quản trị máy chủ."
        )


def _server(connection: Connection) -> str:
    """The server's address; the schema, if given, says how to talk to it, as Airflow has it."""
    host = str(connection.host).rstrip("/")
    if "://" in host:
        return host
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or connection.conn_type}://{host}{port}"


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
