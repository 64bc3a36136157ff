"""./chiso audit against a database of vulnerabilities on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from chiso766 import audit, requirements
from chiso766.errors import ChisoError

VULNERABLE = {"jinja2": ["GHSA-aaaa", "PYSEC-2099-1"], "apache-superset": ["GHSA-bbbb"]}


class Osv(BaseHTTPRequestHandler):
    """Answers as OSV does, in the order of the questions: ``{}`` for a package without any."""

    asked: list[dict[str, Any]]
    answer: str | None

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.extend(body["queries"])
        names = [query["package"]["name"] for query in body["queries"]]
        vulns = [[{"id": each} for each in VULNERABLE.get(name, [])] for name in names]
        results = [{"vulns": each} if each else {} for each in vulns]
        text = self.answer if self.answer is not None else json.dumps({"results": results})
        self.send_response(200 if self.path == "/v1/querybatch" else 404)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Osv]]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = type("OsvOfThisTest", (Osv,), {"asked": [], "answer": None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def test_each_locked_package_is_asked_once_and_the_vulnerable_are_named(
    osv: tuple[str, type[Osv]], capsys: pytest.CaptureFixture[str]
) -> None:
    address, server = osv
    assert audit.run(address) == 1
    asked = {(each["package"]["name"], each["version"]) for each in server.asked}
    assert len(asked) == len(server.asked)
    assert {each["package"]["ecosystem"] for each in server.asked} == {"PyPI"}
    locked = {
        (package.name, str(package.specifier).removeprefix("=="))
        for name in (*requirements.ALL, "requirements.txt", "requirements-cluster.txt")
        for package in requirements.locked(name)
    }
    assert asked == locked
    said = capsys.readouterr().out
    for vulnerabilities in VULNERABLE.values():
        assert all(f"có lỗ hổng {each} " in said for each in vulnerabilities)
    affected = [each for each in locked if each[0] in VULNERABLE]
    assert f"{len(affected)} gói có lỗ hổng đã biết" in said


def test_without_a_vulnerability_it_says_so(
    osv: tuple[str, type[Osv]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(VULNERABLE):
        monkeypatch.delitem(VULNERABLE, name)
    assert audit.run(osv[0]) == 0
    assert "không gói nào có lỗ hổng đã biết" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["", "[]", '{"results": null}', '{"results": [{}]}', "{}"])
def test_an_answer_that_says_nothing_is_no_all_clear(
    osv: tuple[str, type[Osv]], answer: str
) -> None:
    address, server = osv
    server.answer = answer
    with pytest.raises(ChisoError, match="hãy"):
        audit.run(address)


def test_without_a_network_nothing_is_said_to_be_safe() -> None:
    with pytest.raises(ChisoError, match="chưa biết gói nào có lỗ hổng"):
        audit.run("http://127.0.0.1:1")
