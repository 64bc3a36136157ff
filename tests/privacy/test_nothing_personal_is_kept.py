"""Personal data is hashed or dropped before raw (design/architecture.md)."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
from cryptography.fernet import Fernet

from chiso766 import backup, personal, server, settings
from chiso766.backup_file import DUMP
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.privacy import is_personal, pseudonym
from chiso766.sources import SOURCES

from ..deliveries import DAY, DOSSIER, GOOD, deliver, load_days, newest, select
from .planted import OFFICIAL, PLANTED, files_of, found_in, rows_of


@pytest.fixture(params=["0", "1"], ids=["dropped", "kept encrypted"])
def planted(
    request: pytest.FixtureRequest,
    empty_warehouse: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Everything that was logged while exports full of personal data were loaded."""
    monkeypatch.setenv("CHISO_KEEP_PERSONAL", request.param)
    with caplog.at_level(logging.DEBUG):
        for source in SOURCES:
            for name, content in files_of(source).items():
                deliver(source, name, content)
        load_days()
    kept = select("select count(*) from personal.row")[0]["count"]
    assert (kept > 0) == (request.param == "1")
    return caplog.text


def tables() -> list[str]:
    rows = select(
        "select format('%%I.%%I', schemaname, tablename) as name from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    return [row["name"] for row in rows]


def test_no_table_of_any_schema_holds_what_was_planted(planted: str) -> None:
    assert len(newest("dossiers")) == 1
    for table in tables():
        for row in select(f"select each::text as row from {table} as each"):
            assert found_in(row["row"]) == [], table


def test_no_log_and_no_file_beside_the_landed_bytes_holds_what_was_planted(
    planted: str, home: Path
) -> None:
    assert "đọc 3 dòng" in planted
    assert found_in(planted) == []
    written = [*settings.load().home.rglob("*"), *(home / "logs").rglob("*")]
    for path in written:
        if path.is_file() and "landing" not in path.parts:
            assert found_in(path.read_bytes()) == [], path


def test_the_landed_bytes_hold_all_of_it_for_the_service_account_alone(planted: str) -> None:
    landed = list((settings.load().home / "landing").rglob("*"))
    files = [path for path in landed if path.is_file()]
    assert found_in(b"".join(path.read_bytes() for path in files)) == list(PLANTED)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = {*landed, settings.load().home / "landing"} - {*files}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_identity_numbers_names_of_officials_and_tokens_are_not_even_kept_encrypted(
    planted: str,
) -> None:
    rows = select("select sealed from personal.row")
    if not rows:
        return
    key = Fernet(personal.keys_file().read_text())
    opened = "".join(key.decrypt(row["sealed"]).decode() for row in rows)
    found = set(found_in(opened))
    assert found == set(PLANTED) - {OFFICIAL, PLANTED[2], PLANTED[8]}


def test_no_backup_holds_what_was_planted(planted: str, tmp_path: Path) -> None:
    path = tmp_path / "kho.chiso766"
    backup.write(path)
    with ZipFile(path) as archive:
        assert found_in(archive.read("manifest.json").decode()) == []
        command = [server.binary("pg_restore"), "--file=-"]  # as SQL, not compressed
        said = subprocess.run(command, input=archive.read(DUMP), capture_output=True, check=True)
    assert "261120-0007" in said.stdout.decode()
    assert found_in(said.stdout.decode()) == []
    for key in (personal.keys_file(), settings.load().secret_key_file):
        if key.exists():
            assert key.read_text() not in said.stdout.decode()


def test_what_is_not_personal_is_kept_though_it_stands_beside(empty_warehouse: None) -> None:
    for ending in ("json", "csv"):
        deliver("units", f"dot1.{ending}", rows_of("units"))

    load_days()

    [row] = newest("units").values()
    assert row["extra"] == {"BoPhan": [{}], "LienLac": {"Kenh": "zalo"}}


def test_an_official_is_the_same_hash_every_day_and_in_every_spelling(
    empty_warehouse: None,
) -> None:
    spellings = [OFFICIAL, f"  {OFFICIAL.upper()} ", OFFICIAL.replace(" ", "  ")]
    rows = [
        DOSSIER | {"MaHoSo": f"H24.999-261120-{number}", "NguoiXuLy": name}
        for number, name in enumerate(spellings)
    ]
    deliver("dossiers", "dot1.json", rows)

    load_days()

    hashes = {row["nguoixuly"] for row in newest("dossiers").values()}
    assert hashes == {pseudonym(OFFICIAL, settings.load().secret_keys)}
    assert len(hashes.pop()) == 64


def test_another_key_gives_another_hash() -> None:
    assert pseudonym(OFFICIAL, [b"a" * 32]) != pseudonym(OFFICIAL, [b"b" * 32])


@pytest.mark.parametrize(
    "name",
    [
        "ChuHoSo",
        "chuhoso",
        "Chủ hồ sơ",
        "NguoiXuLy",
        "Họ và tên người nộp",
        "Số CMND/CCCD",
        "SO_DIEN_THOAI",
        "Điện thoại liên hệ",
        "E-mail",
        "Ngày sinh",
        "Địa chỉ thường trú",
    ],
)
def test_names_of_personal_fields_are_known_in_every_spelling(name: str) -> None:
    assert is_personal(name)


@pytest.mark.parametrize("name", ["MaHoSo", "TenTTHC", "DienTich", "MaDinhDanhDonVi", "KenhNop"])
def test_names_of_other_fields_are_not_taken_for_personal(name: str) -> None:
    assert not is_personal(name)


def test_an_error_of_the_database_is_passed_on_without_the_values_it_names(
    empty_warehouse: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("units", "dot1.json", [GOOD["units"] | {"TenDonVi": PLANTED[1]}])
    fetch_day(DAY)
    with connect() as connection:
        connection.execute("alter table raw.units add constraint no check (tendonvi is null)")
    try:
        with pytest.raises(ChisoError) as refused:
            check_day(DAY)
    finally:
        with connect() as connection:
            connection.execute("alter table raw.units drop constraint no")

    error: BaseException | None = refused.value
    while error is not None:
        assert not isinstance(error, psycopg.Error)
        assert found_in(str(error)) == []
        error = error.__cause__ or error.__context__
