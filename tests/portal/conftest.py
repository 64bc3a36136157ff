"""A replayed portal on loopback, declared as the connection ``cong_dvcqg``; nobody sleeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chiso766 import portal
from chiso766.connectors import PORTAL, transfer
from chiso766.database import connect

from ..connectors.servers import Answer, HttpServer, http_server
from ..deliveries import empty_warehouse
from .answers import CITY, answer

__all__ = ["empty_warehouse", "http_server"]

PREFIX = "/cong/api/v1/reporting/evaluation/"
TOKEN = "ma-truy-cap-bi-mat"

Say = Callable[[str, Any], Answer]


class Portal:
    """``say``: the answer to an endpoint and a body. ``course``: what was asked, and the pauses."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.say: Say = lambda endpoint, body: Answer(answer(endpoint), status=201)
        self.course: list[str | float] = []
        server.answer = self._answer

    def _answer(self, path: str) -> Answer:
        assert path.startswith(PREFIX), path
        endpoint = path.removeprefix(PREFIX)
        self.course.append(endpoint)
        return self.say(endpoint, self.server.bodies[-1])

    @property
    def asked(self) -> list[str]:
        return [each for each in self.course if isinstance(each, str)]

    @property
    def pauses(self) -> list[float]:
        return [each for each in self.course if not isinstance(each, str)]


Declare = Callable[..., None]


@pytest.fixture
def declare(
    empty_warehouse: None, airflow: None, http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> Declare:
    """Declare the connection, changed by the keywords."""
    import airflow.sdk  # noqa: F401 – its first import changes how the running test's log is kept

    def declare(**changes: Any) -> None:
        given = http_server.connection | {"host": "127.0.0.1/cong"}
        given |= {"extra": {"root_department_id": CITY}} | changes
        monkeypatch.setenv(f"AIRFLOW_CONN_{PORTAL.upper()}", json.dumps(given))

    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with connect() as connection:
        connection.execute("truncate ops.fetch_failure, ops.sighting")
    return declare


@pytest.fixture
def replayed(http_server: HttpServer, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> Portal:
    replayed = Portal(http_server)
    monkeypatch.setattr(portal, "pause", replayed.course.append)
    monkeypatch.setattr(transfer, "pause", replayed.course.append)
    declare()
    return replayed
