"""The landing area in an object store: whole, once, as it came, and nothing left on the machine."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import landing, object_store, settings
from chiso766.check import check_day
from chiso766.connectors import s3
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day

from ..connectors.servers import S3Server
from ..deliveries import DAY, DOSSIER, GOOD, deliver, loads, newest, select

UNIT = [GOOD["units"]]


@pytest.fixture(autouse=True)
def in_a_store(store: S3Server) -> None:
    """Every test."""


def kept(store: S3Server) -> dict[str, bytes]:
    """Key -> content of all that is landed."""
    listed = store.client.list_objects_v2(Bucket=store.bucket, Prefix="chiso/landing/")
    keys = [item["Key"] for item in listed.get("Contents", [])]
    return {
        key: store.client.get_object(Bucket=store.bucket, Key=key)["Body"].read() for key in keys
    }


def key_of(content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    return f"chiso/landing/{sha256[:2]}/{sha256}"


def left_here() -> list[Path]:
    return [path for path in (settings.load().home / "landing").rglob("*") if path.is_file()]


def test_every_byte_lies_in_the_store_under_its_sha256(store: S3Server) -> None:
    content = deliver("units", "a.csv", UNIT).read_bytes()
    fetch_day(DAY)
    assert kept(store) == {key_of(content): content}
    assert select("select sha256, bytes from ops.file") == [
        {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    ]
    assert left_here() == []


def test_what_is_there_is_not_sent_again(store: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("units", "a.csv", UNIT)
    deliver("units", "a.csv", UNIT, DAY + timedelta(days=1))
    fetch_day(DAY)
    monkeypatch.delattr(object_store.ObjectStore, "upload")
    fetch_day(DAY + timedelta(days=1))
    assert len(kept(store)) == 1
    assert select("select count(*) as files from ops.file") == [{"files": 2}]


def test_what_was_cut_off_while_it_was_sent_is_sent_whole(store: S3Server) -> None:
    content = deliver("units", "a.csv", UNIT).read_bytes()
    key = key_of(content)
    store.client.put_object(Bucket=store.bucket, Key=key, Body=content[:10])
    fetch_day(DAY)
    assert kept(store) == {key: content}


@pytest.mark.parametrize("name", ["a.json", "a.jsonl.gz", "a.csv", "a.csv.gz"])
def test_files_are_read_from_the_store_as_from_a_folder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("dossiers", name, [DOSSIER])
    fetch_day(DAY)
    check_day(DAY)
    assert [load["state"] for load in loads()] == ["loaded"]
    assert newest("dossiers").keys() == {DOSSIER["MaHoSo"]}
    assert left_here() == []


def test_a_file_of_several_parts_is_the_same_afterwards(store: S3Server, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * (80 << 10))  # 20 MB, sent in parts
    landed = landing.keep(large)
    with landing.opened(landed.sha256) as path:
        assert path.read_bytes() == large.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        assert left_here() == [path]
    assert left_here() == []


def test_a_refused_file_leaves_nothing_here(store: S3Server) -> None:
    deliver("units", "a.json", b'{"data": [')
    fetch_day(DAY)
    check_day(DAY)
    assert [load["state"] for load in loads()] == ["refused"]
    assert left_here() == []


def test_a_line_that_is_cut_while_a_file_comes_is_taken_up_again(store: S3Server) -> None:
    content = deliver("dossiers", "a.json", [DOSSIER] * 200).read_bytes()
    fetch_day(DAY)
    store.line.cuts = [len(content) // 2]
    check_day(DAY)
    assert store.line.cuts == []
    assert [load["state"] for load in loads()] == ["loaded"]


def test_a_store_that_does_not_answer_holds_up_the_night_and_registers_nothing(
    store: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("units", "a.csv", UNIT)
    monkeypatch.setattr(object_store, "_ATTEMPTS", 1)
    store.line.cuts = [0] * 10
    with pytest.raises(ChisoError, match=r"units/a\.csv.*Kho đối tượng") as raised:
        fetch_day(DAY, is_last_try=True)
    assert "khoa-" not in str(raised.value)
    assert select("select from ops.file") == []
    assert left_here() == []
    store.line.cuts = []
    fetch_day(DAY)
    assert len(kept(store)) == 1


def test_a_bucket_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("units", "a.csv", UNIT)
    monkeypatch.setenv("CHISO_LANDING", "s3://khong-co")
    with pytest.raises(ChisoError, match="s3://khong-co"):
        fetch_day(DAY)


@pytest.mark.parametrize("content", [None, b"khac"])
def test_what_is_gone_or_changed_in_the_store_is_never_loaded_and_no_refusal(
    store: S3Server, content: bytes | None
) -> None:
    key = key_of(deliver("units", "a.csv", UNIT).read_bytes())
    fetch_day(DAY)
    store.client.delete_object(Bucket=store.bucket, Key=key)
    if content:
        store.client.put_object(Bucket=store.bucket, Key=key, Body=content)
    with pytest.raises(ChisoError, match="ho đối tượng"):
        check_day(DAY)
    assert select("select from ops.load") == []
    assert left_here() == []


def test_the_stores_address_is_not_that_of_a_connection_without_one(airflow: None) -> None:
    from airflow.sdk import Connection

    connection = Connection(conn_id="kho", conn_type="aws", login="a", password="b")
    client: Any = s3._Storage("kho", connection)._client
    assert "amazonaws.com" in client.meta.endpoint_url
