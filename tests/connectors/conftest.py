"""Every test here starts with an empty warehouse, and connectors that wait for nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest

from chiso766 import settings
from chiso766.connectors import transfer

from ..deliveries import empty_warehouse
from .servers import http_server, moto_port, s3_server, sftp_server

__all__ = ["empty_warehouse", "http_server", "moto_port", "s3_server", "sftp_server"]

Declare = Callable[..., None]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; nobody sleeps. No proxy stands between us and loopback."""
    asked: list[float] = []
    monkeypatch.setattr(transfer, "pause", asked.append)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return asked


@pytest.fixture
def declare(empty_warehouse: None, airflow: None, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Write a line of connectors.csv and declare its Airflow connection."""
    import airflow.sdk  # noqa: F401 – its first import changes how the running test's log is kept

    def declare(source: str, name: str, path: str, connection: dict[str, Any]) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
        table = settings.make_private(settings.load().home) / "connectors.csv"
        is_new = not table.exists()
        with table.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["source", "connection", "path"])
            writer.writerow([source, name, path])

    return declare
