"""The object store (S3 or one that speaks like it) that several machines share instead of a folder.

``CHISO_LANDING=s3://bucket/prefix`` names it. Address and credentials come the way every S3 client
finds them: ``AWS_ENDPOINT_URL_S3``, ``AWS_SHARED_CREDENTIALS_FILE``, ``AWS_CA_BUNDLE``, …
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from chiso766 import settings
from chiso766.errors import ChisoError

_TIMEOUT_S = 30  # without a sign of life from the other side
_ATTEMPTS = 5


class StoreFault(ChisoError):
    """The store does not take or give what it should."""


def declared() -> ObjectStore | None:
    """The store that the settings name; None where folders of this machine are used."""
    place = settings.load().landing
    return ObjectStore(*place) if place else None


class ObjectStore:
    """A bucket, or a part of it; a key is a path below that part. An object appears whole."""

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3  # it takes its time, and most installations have no store
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._transfer = TransferConfig(use_threads=False)
        try:
            self._client = boto3.session.Session().client(
                "s3",
                config=Config(
                    connect_timeout=_TIMEOUT_S,
                    read_timeout=_TIMEOUT_S,
                    retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
                    # Storages other than Amazon's know neither names of hosts per bucket nor the
                    # newer checksums.
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except (ValueError, BotoCoreError) as error:
            raise self._fault(type(error).__name__) from None

    def size(self, key: str) -> int | None:
        """The size of an object in bytes; None: there is none of this key."""
        with self._talking():
            return self._size(key)

    def upload(self, path: Path, key: str) -> None:
        """Put a file there, instead of what the key held."""
        with self._talking():
            self._client.upload_file(
                str(path), self._bucket, self._prefix + key, Config=self._transfer
            )

    def download(self, key: str, path: Path) -> None:
        """Bring an object into a file that only its owner may read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, self._talking():
            self._client.download_fileobj(
                self._bucket, self._prefix + key, file, Config=self._transfer
            )

    def read(self, key: str) -> bytes | None:
        """What a small object holds; None: there is none of this key."""
        content = BytesIO()
        with self._talking():
            if self._size(key) is None:
                return None
            self._client.download_fileobj(
                self._bucket, self._prefix + key, content, Config=self._transfer
            )
        return content.getvalue()

    def tags(self, folder: str) -> dict[str, str]:
        """Key -> ETag of all objects below ``folder/``; for small objects that is their MD5."""
        return {key: item["ETag"].strip('"') for key, item in self._listed(folder)}

    def times(self, folder: str) -> dict[str, datetime]:
        """Key -> when it was put there, of all objects below ``folder/``."""
        return {key: item["LastModified"] for key, item in self._listed(folder)}

    def delete(self, key: str) -> None:
        with self._talking():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def _listed(self, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
        pages = self._client.get_paginator("list_objects_v2")
        with self._talking():
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/"):
                for item in page.get("Contents", []):
                    yield item["Key"].removeprefix(self._prefix), item

    def _size(self, key: str) -> int | None:
        from botocore.exceptions import ClientError

        try:
            about: dict[str, Any] = self._client.head_object(
                Bucket=self._bucket, Key=self._prefix + key
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return int(about["ContentLength"])

    @contextmanager
    def _talking(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
            return
        except ClientError as error:
            answer = error.response
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            problem = f"{status} {answer['Error']['Code']}"
        except (BotoCoreError, Boto3Error) as error:
            problem = type(error).__name__
        raise self._fault(problem)  # not in the handler: what a library says may hold a key

    def _fault(self, problem: str) -> StoreFault:
        return StoreFault(
            f"Kho đối tượng s3://{self._bucket} không nhận hoặc không đưa tệp ({problem}): hãy kiểm"
            " tra CHISO_LANDING, AWS_ENDPOINT_URL_S3, khóa truy cập và quyền đọc, ghi, xóa, liệt kê"
            " rồi chạy lại."
        )
