"""The morning page over HTTP, to be read only: ``python -m chiso766.page_server HOST PORT``.

Served are the page of the newest night and those of earlier ones by their day, from where the
reports are (``publish.py``). Nothing else that lies beside them: the spreadsheets of rows set aside
hold values as they were sent.
"""

from __future__ import annotations

import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import urlopen

from chiso766 import object_store, settings
from chiso766.errors import ChisoError
from chiso766.object_store import ObjectStore

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8767

_PAGE = re.compile(r"/(scorecard(?:-\d{4}-\d{2}-\d{2})?\.html)")
_HEALTH = "/health"
_PATIENCE_S = 30  # with a reader that says nothing
_HEADERS = {
    "Cache-Control": "no-store",  # tomorrow it is another page
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def port() -> int:
    """The port on this machine; chosen when the system is first started, see ``keep_port``."""
    kept = settings.load().home / "run" / "page.port"
    return int(kept.read_text()) if kept.exists() else FIRST_PORT


def keep_port(port: int) -> None:
    """Decide the port on this machine."""
    settings.write_private(settings.load().home / "run" / "page.port", f"{port}\n")


def address() -> str:
    """Where the page is on this machine."""
    return f"http://{LOOPBACK}:{port()}"


def is_healthy() -> bool:
    """Whether the server of this machine answers."""
    try:
        with urlopen(address() + _HEALTH, timeout=_PATIENCE_S):
            return True
    except OSError:
        return False


class PageServer(ThreadingHTTPServer):
    """``store``: the object store that holds the reports; None: they lie in ``CHISO_HOME``."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.store: ObjectStore | None = object_store.declared()
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "chiso766"
    sys_version = ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def _answer(self, has_body: bool) -> None:
        status, kind, body = self._found(urlsplit(self.path).path)
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if has_body:
            self.wfile.write(body)

    def _found(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == _HEALTH:
            return HTTPStatus.OK, "plain", b"ok\n"
        named = _PAGE.fullmatch("/scorecard.html" if path == "/" else path)
        if named is None:
            return _said(
                HTTPStatus.NOT_FOUND, "Không có trang này: hãy mở địa chỉ không có gì sau /."
            )
        try:
            page = _read(self.server.store, named[1])
        except ChisoError as error:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        if page is None:
            return _said(
                HTTPStatus.NOT_FOUND,
                "Chưa có trang báo cáo này: hãy xem lại sau khi đêm đó được công bố, hoặc chạy"
                " ./chiso nightly NGÀY.",
            )
        return HTTPStatus.OK, "html", page

    def log_message(self, format: str, *values: object) -> None:
        """Who reads the page, and when, is not kept."""


def _said(status: HTTPStatus, sentence: str) -> tuple[HTTPStatus, str, bytes]:
    return status, "plain", f"{sentence}\n".encode()


def _read(store: ObjectStore | None, name: str) -> bytes | None:
    """A page by its name; None where there is none."""
    folder = settings.load().home / "reports"
    if store is not None:
        return store.read(f"{folder.name}/{name}")
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    PageServer(sys.argv[1], int(sys.argv[2])).serve_forever()
