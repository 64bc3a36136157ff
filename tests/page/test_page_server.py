"""The server of the morning page gives pages and nothing that lies beside them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.page_server import LOOPBACK, PageServer

from ..connectors.servers import S3Server, moto_port, s3_server

__all__ = ["moto_port", "s3_server"]

NEWEST, EARLIER = "<p>Điểm đêm nay", "<p>Điểm đêm trước"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reports of an installation, with what must not be given away."""
    monkeypatch.setenv("CHISO_HOME", str(tmp_path))
    folder = settings.make_private(tmp_path / "reports")
    (folder / "scorecard.html").write_text(NEWEST, encoding="utf-8")
    (folder / "scorecard-2026-11-29.html").write_text(EARLIER, encoding="utf-8")
    (folder / "scorecard-2026-11-29.draft").write_text("nửa trang", encoding="utf-8")
    settings.make_private(folder / "dong_de_rieng" / "2026-11-29")
    (folder / "dong_de_rieng" / "2026-11-29" / "H24.999.xlsx").write_bytes(b"0912345678")
    (tmp_path / "secret.key").write_text("k" * 64)
    return folder


@pytest.fixture
def server(reports: Path) -> Iterator[PageServer]:
    with PageServer(LOOPBACK, 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(
    server: PageServer, path: str, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/", NEWEST),
        ("/?from=mail", NEWEST),
        ("/scorecard.html", NEWEST),
        ("/scorecard-2026-11-29.html", EARLIER),
    ],
)
def test_pages_are_given_as_they_are_now(server: PageServer, path: str, content: str) -> None:
    status, headers, body = ask(server, path)
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/dong_de_rieng/2026-11-29/H24.999.xlsx",
        "/dong_de_rieng/",
        "/scorecard-2026-11-29.draft",
        "/../secret.key",
        "/%2e%2e/secret.key",
        "/scorecard.html/../../secret.key",
        "/scorecard-2026-11-29.html%00",
        "//secret.key",
        "/scorecard-2026-11-30.html",  # no such night
        "/.",
    ],
)
def test_nothing_else_is_given(server: PageServer, path: str) -> None:
    status, headers, body = ask(server, path)
    assert status == 404
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(body.splitlines()) == 1
    assert "hãy" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nobody_writes(server: PageServer, reports: Path, method: str) -> None:
    assert ask(server, "/scorecard.html", method)[0] == 501
    assert (reports / "scorecard.html").read_text(encoding="utf-8") == NEWEST


def test_before_the_first_night_it_is_healthy_and_says_what_to_do(
    server: PageServer, reports: Path
) -> None:
    (reports / "scorecard.html").unlink()
    assert ask(server, "/health")[0] == 200
    status, _, body = ask(server, "/")
    assert status == 404
    assert "./chiso nightly" in body


def test_where_machines_share_a_store_its_page_is_the_one(
    s3_server: S3Server, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_LANDING", f"s3://{s3_server.bucket}/chiso")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.connection["extra"]["endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "khoa-truy-cap")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "khoa-bi-mat")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    shared = "<p>Trang của máy khác"
    key = "chiso/reports/scorecard.html"
    s3_server.client.put_object(Bucket=s3_server.bucket, Key=key, Body=shared.encode())
    with PageServer(LOOPBACK, 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        assert ask(running, "/")[2] == shared
        assert ask(running, "/scorecard-2026-11-29.html")[0] == 404
        running.shutdown()
        thread.join()
