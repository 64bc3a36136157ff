"""A night that needs a person says so by e-mail and webhook, in plain words; else nobody hears."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from chiso766 import airflow_env, check, database, failures, fetch, notify, settings
from chiso766.errors import ChisoError

from ..homes import other_home

# A Friday and the Monday after it.
DAY, NEXT = date(2026, 11, 20), date(2026, 11, 23)
UNIT = {"MaDonVi": "H24.999", "TenDonVi": "UBND phường Nhị Chiểu", "Cap": "xa"}
TOKEN = "mat-ma-cua-kenh"

FAIL = f"""
import sys
from datetime import date
from chiso766 import airflow_env, settings, terminal
airflow_env.apply()
from chiso766.errors import ChisoError
with terminal.output_into(settings.load().logs / "nightly.log"):
    from chiso766 import airflow_runs
    dags = airflow_runs.prepare()
    with airflow_runs.Runner(dags, by_scheduler=False) as runner:
        try:
            runner.run("gate", date.fromisoformat("{NEXT}"))
        except ChisoError as error:
            sentence = str(error)
sys.exit(sentence)
"""


class MailHandler(socketserver.StreamRequestHandler):
    """An SMTP server (RFC 5321) that takes every message and offers neither TLS nor login."""

    def handle(self) -> None:
        self.wfile.write(b"220 thu\r\n")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                self.wfile.write(b"354 \r\n")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.messages.append(message_from_bytes(body, policy=policy.default))
            self.wfile.write(b"221 \r\n" if command == b"QUIT" else b"250 thu\r\n")


class HookHandler(BaseHTTPRequestHandler):
    """A chat system's webhook."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append((self.path, json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def mail() -> Iterator[Any]:
    yield from serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler))


@pytest.fixture
def hook() -> Iterator[Any]:
    yield from serve(HTTPServer(("127.0.0.1", 0), HookHandler))


def serve(server: Any) -> Iterator[Any]:
    server.messages, server.answer = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(mail: Any, hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name two people and a webhook."""
    monkeypatch.setenv("CHISO_NOTIFY_EMAIL", "truc@vidu.vn, lanh-dao@vidu.vn")
    monkeypatch.setenv("CHISO_SMTP_URL", f"smtp://127.0.0.1:{mail.server_address[1]}")
    hook_url = f"http://127.0.0.1:{hook.server_address[1]}/{TOKEN}"
    monkeypatch.setenv("CHISO_NOTIFY_WEBHOOK", hook_url)


@pytest.fixture(scope="module", autouse=True)
def published(
    tmp_path_factory: pytest.TempPathFactory, chiso: Callable[..., Any]
) -> Iterator[Path]:
    """The drop folder, its first day published, of a home of the module's own."""
    home = tmp_path_factory.mktemp("messages") / "home"
    with other_home(home):
        try:
            deliver(home / "exports", DAY, "units", json.dumps([UNIT], ensure_ascii=False))
            done = chiso("nightly", str(DAY))
            assert done.returncode == 0, done.stderr
            yield home / "exports"
        finally:
            chiso("down")


def deliver(exports: Path, day: date, source: str, content: str) -> None:
    folder = exports / day.isoformat() / source
    folder.mkdir(parents=True)
    (folder / f"{source}.json").write_text(content)


@pytest.fixture
def failed_build() -> Iterator[None]:
    """The newest build failed: the next step, which has to refuse it, fails."""
    with database.connect() as connection:
        [(build,)] = connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state) values (%s, 0, 'failed')"
            " returning build_id",
            [NEXT],
        ).fetchall()
    yield
    with database.connect() as connection:
        connection.execute("delete from ops.build where build_id = %s", [build])


def fail() -> str:
    """Let a real run of the step ``gate`` fail for good; returns the sentence that it ends with."""
    # In a process of its own, whose output is the log that people read.
    done = subprocess.run([sys.executable, "-P", "-c", FAIL], capture_output=True, text=True)
    assert done.returncode == 1
    return done.stderr.strip()


def newest_log() -> str:
    """The log of the newest try of the step ``gate``."""
    logs = (airflow_env.log_folder() / "dag_id=gate").rglob("attempt=1.log")
    return max(logs, key=lambda path: path.stat().st_mtime_ns).read_text()


def alerts() -> list[str]:
    return (settings.load().logs / "alerts.log").read_text().splitlines()


def test_who_is_named_gets_a_message_that_says_what_stands_and_what_to_do(
    told: None, failed_build: None, mail: Any, hook: Any
) -> None:
    cause = fail()
    [message] = mail.messages
    assert isinstance(message, EmailMessage)
    assert message["To"] == "truc@vidu.vn, lanh-dao@vidu.vn"
    assert message["Subject"] == f"[chiso766] Ngày {NEXT}: bước 4. Mở cổng (gate) không xong"
    text = message.get_content().strip()
    assert "\n" not in text
    assert "H24.999" in text
    assert f"ngày dữ liệu {NEXT} không xong sau 1 lần thử. Nguyên nhân: {cause}" in text
    assert f"Số liệu đã công bố đến hết ngày {DAY} vẫn giữ nguyên" in text
    assert f"Việc cần làm: khắc phục nguyên nhân trên, rồi chạy ./chiso nightly {NEXT}." in text
    assert "/dags/gate/runs/" in text
    [(path, body)] = hook.messages
    assert path == f"/{TOKEN}"
    assert body == {"text": f"Ngày {NEXT}: bước 4. Mở cổng (gate) không xong. {text}"}
    assert alerts()[-1] == text
    assert TOKEN not in newest_log()


def test_the_last_line_of_a_failed_step_is_its_sentence(failed_build: None) -> None:
    cause = fail()
    lines = [json.loads(line) for line in newest_log().splitlines()]
    # Here the API server's lines are in the same file.
    *_, last, end_of_group = (
        line for line in lines if not line["logger"].startswith("airflow.api_fastapi.")
    )
    assert last["event"] == cause
    assert (last["step"], last["day"]) == ("gate", str(NEXT))
    assert end_of_group["event"] == "::endgroup::"


def test_the_ui_shows_the_traceback_of_a_night_in_the_foreground_as_one(failed_build: None) -> None:
    cause = fail()
    [error] = [
        found
        for line in newest_log().splitlines()
        if (found := json.loads(line).get("error_detail"))
    ]
    assert [each["exc_value"] for each in error] == [cause]


def test_nothing_is_sent_where_nobody_is_named(failed_build: None, mail: Any, hook: Any) -> None:
    before = len(alerts())
    fail()
    assert (mail.messages, hook.messages) == ([], [])
    assert len(alerts()) == before + 1


def test_a_message_that_cannot_be_sent_changes_nothing_and_tells_no_secret(
    told: None, failed_build: None, mail: Any, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.answer = 500
    monkeypatch.setenv("CHISO_SMTP_URL", f"smtp://truc:{TOKEN}@127.0.0.1:{mail.server_address[1]}")
    assert "không được công bố" in fail()
    log = newest_log()
    assert "không mã hóa đường truyền nên mật khẩu không được gửi đi" in log
    assert "máy chủ trả lời 500" in log
    assert TOKEN not in log
    assert mail.messages == []


def test_a_day_of_which_something_is_missing_is_published_and_told(
    told: None, published: Path, mail: Any
) -> None:
    deliver(published, NEXT, "dossiers", "{")
    fetch.fetch_day(NEXT)
    check.check_day(NEXT)
    the_same_night = datetime(2026, 11, 23, 18, tzinfo=UTC)
    notify.data_faults(DAY, the_same_night - timedelta(days=3))
    assert mail.messages == []  # its only source came
    notify.data_faults(NEXT, the_same_night + timedelta(days=9))
    assert mail.messages == []  # made up for later
    notify.data_faults(NEXT, the_same_night)
    [message] = mail.messages
    assert message["Subject"] == f"[chiso766] Ngày {NEXT}: có dữ liệu chưa nhận được"
    text = message.get_content()
    assert "không có tệp nào của Đơn vị hành chính (đêm trước có);" in text
    assert "có tệp bị từ chối vì không đọc được (Hồ sơ: 1)" in text
    assert "đặt tệp đúng vào thư mục giao nhận" in text


def test_an_error_of_the_database_reaches_no_log_with_its_values() -> None:
    secret = "Bùi Thị Bí Mật"

    @failures.in_plain_words
    def step() -> None:
        with database.connect() as connection:
            connection.execute("select %s::text::integer", [secret])

    with pytest.raises(ChisoError, match=r"mã 22P02.*chiso doctor") as raised:
        step()
    assert raised.value.__context__ is None
    log = (settings.load().logs / "errors.log").read_text()
    assert "InvalidTextRepresentation" in log
    assert "test_messages.py" in log
    assert secret not in log
