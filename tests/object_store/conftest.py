"""Every test here has an object store of its own as the landing area, and an empty warehouse."""

from __future__ import annotations

import pytest

from ..connectors.servers import S3Server, moto_port, s3_server
from ..deliveries import empty_warehouse

__all__ = ["empty_warehouse", "moto_port", "s3_server"]


@pytest.fixture
def store(s3_server: S3Server, empty_warehouse: None, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The store that the settings name; it can be cut off."""
    monkeypatch.setenv("CHISO_LANDING", f"s3://{s3_server.bucket}/chiso")
    monkeypatch.setenv("CHISO_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.connection["extra"]["endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "khoa-truy-cap")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "khoa-bi-mat")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return s3_server
