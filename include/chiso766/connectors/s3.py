"""S3-compatible storage: every object that lies directly in the day's folder of a bucket."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chiso766.connectors.offered import Offered, StillChanging, is_passed_over, printable
from chiso766.connectors.transfer import (
    MOST_FILES,
    TIMEOUT_S,
    Draft,
    Interrupted,
    Patience,
    RemoteFile,
    downloaded,
    drafts_of,
    refuse_certificate,
    too_many_files,
)
from chiso766.errors import ChisoError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from chiso766.connectors import Line

logger = logging.getLogger(__name__)

_CHUNK = 1 << 20
_GONE = (404, 412)  # no longer there; not the one that was listed


def offered(line: Line, connection: Connection, days: list[date]) -> Iterator[Offered]:
    """The objects of the days' folders; the path's first part names the bucket."""
    patience = Patience(line.connection)
    storage = _Storage(line.connection, connection)
    for day in days:
        bucket, _, folder = line.path_of(day).strip("/").partition("/")
        for item in storage.objects(bucket, f"{folder}/" if folder else "", patience):
            yield _offer(line, storage, patience, day, bucket, item)


def _offer(
    line: Line,
    storage: _Storage,
    patience: Patience,
    day: date,
    bucket: str,
    item: dict[str, Any],
) -> Offered:
    name = item["Key"].rpartition("/")[2]
    place = f"{line.connection}/{day}/{printable(name)}"
    file = RemoteFile(
        place=place,
        size=item["Size"],
        version=f"{item['Size']} {item['ETag']}",
        read=lambda offset: storage.read(bucket, item, offset),
    )
    draft = Draft(drafts_of(line.source, line.connection), day.isoformat(), name)
    return Offered(
        day=day,
        source=line.source,
        name=name,
        place=place,
        version=file.version,
        brought=lambda: downloaded(file, draft, patience),
    )


class _Storage:
    def __init__(self, name: str, connection: Connection) -> None:
        self._name = name
        extra = connection.extra_dejson
        endpoint = extra.get("endpoint_url")
        try:
            self._client = boto3.session.Session().client(
                "s3",
                aws_access_key_id=connection.login,
                aws_secret_access_key=connection.password,
                endpoint_url=endpoint,
                region_name=extra.get("region_name", "us-east-1"),
                verify=extra.get("ca_file") or True,
                config=Config(
                    connect_timeout=TIMEOUT_S,
                    read_timeout=TIMEOUT_S,
                    retries={"total_max_attempts": 1},  # trying again is ours
                    ignore_configured_endpoint_urls=True,  # that is where our own landing area is
                    # Storages other than Amazon's know neither names of hosts per bucket nor the
                    # newer checksums.
                    s3={"addressing_style": "path" if endpoint else "auto"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except (ValueError, BotoCoreError):
            raise ChisoError(
                f"Kết nối {name} có endpoint_url hoặc region_name không hợp lệ: hãy kiểm tra phần"
                " extra của kết nối."
            ) from None

    def objects(self, bucket: str, folder: str, patience: Patience) -> Iterator[dict[str, Any]]:
        """The objects of a folder by key, those of folders in it aside."""
        count = 0
        page: dict[str, Any] = {"NextContinuationToken": None}
        while "NextContinuationToken" in page:
            token = page["NextContinuationToken"]
            page = patience.insist(partial(self._list, bucket, folder, token))
            items = page.get("Contents", [])
            count += len(items) + 1  # so that pages without objects end too
            if count > MOST_FILES:
                raise too_many_files(self._name)
            for item in items:
                name = item["Key"].rpartition("/")[2]
                if not name:
                    continue  # the mark of the folder itself
                if is_passed_over(name):
                    logger.warning("Kết nối %s: bỏ qua %s.", self._name, printable(name))
                    continue
                yield item

    def _list(self, bucket: str, folder: str, token: str | None) -> dict[str, Any]:
        more = {"ContinuationToken": token} if token else {}
        with self._talking():
            page: dict[str, Any] = self._client.list_objects_v2(
                Bucket=bucket, Prefix=folder, Delimiter="/", **more
            )
        return page

    def read(self, bucket: str, item: dict[str, Any], offset: int) -> Iterator[bytes]:
        """The object's bytes from ``offset`` on, as long as it is the one that was listed."""
        if offset == item["Size"]:
            return
        with self._talking():
            answer = self._client.get_object(
                Bucket=bucket, Key=item["Key"], IfMatch=item["ETag"], Range=f"bytes={offset}-"
            )
            is_part = answer["ResponseMetadata"]["HTTPStatusCode"] == 206
            if answer["ETag"] != item["ETag"] or (offset and not is_part):
                raise StillChanging  # of a storage that knows no conditions, or no parts
            yield from answer["Body"].iter_chunks(_CHUNK)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
            return
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            code = printable(str(error.response["Error"]["Code"]))
        except BotoCoreError as error:
            refuse_certificate(self._name, error)
            raise Interrupted(type(error).__name__) from None
        if status == 429 or status >= 500:
            raise Interrupted(f"máy chủ trả lời {status} {code}")
        if status in _GONE and code != "NoSuchBucket":
            raise StillChanging
        raise ChisoError(
            f"Kết nối {self._name} bị từ chối ({status} {code}): hãy kiểm tra khóa truy cập, tên"
            " bucket và quyền đọc."
        )
