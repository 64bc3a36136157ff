"""The warehouse on another machine's PostgreSQL: everything that goes there is encrypted."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from chiso766 import airflow_env, backup, database, restore, server, superset
from chiso766 import warehouse as warehouse_tables
from chiso766.errors import ChisoError

from ..homes import other_home
from .conftest import one_night
from .tls_server import TlsServer, make_certificates, running

IS_ENCRYPTED = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """The server, named in the settings, after a night."""
    folder = tmp_path_factory.mktemp("tls")
    with running(folder / "server") as tls, other_home(folder / "home") as environment:
        url = tls.url(f"sslmode=verify-full&sslrootcert={tls.authority}")
        environment.setenv("CHISO_DATABASE_URL", url)
        server.start()
        warehouse_tables.prepare()
        one_night()
        yield tls


def sessions(tls: TlsServer) -> list[str]:
    """What the server says of each session that it let in."""
    lines = tls.log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if "connection authorized" in line]


def test_a_night_runs_encrypted(there: TlsServer) -> None:
    assert len(sessions(there)) > 10
    assert [line for line in sessions(there) if "SSL enabled" not in line] == []
    programs = {re.search("application_name=(.*?) SSL", line) for line in sessions(there)}
    assert {"chiso766", "dbt"} <= {name[1] for name in programs if name}
    for role in (database.OWNER, *database.READERS):
        with database.connect(role) as connection:
            assert connection.execute(IS_ENCRYPTED).fetchone() == (True,)
            count = connection.execute("select count(*) from marts.fct_dossier").fetchone()
            assert count == (1 if role == database.OF_UNITS else 2,)


def test_without_tls_nothing_is_sent_and_the_sentence_says_what_to_add(there: TlsServer) -> None:
    sentence = "chỉ nhận kết nối có mã hóa: hãy thêm .sslmode=verify-full"
    with pytest.raises(ChisoError, match=sentence):
        database.open_url(there.url("sslmode=disable"))


def test_a_certificate_of_another_authority_is_refused_by_name(
    there: TlsServer, tmp_path: Path
) -> None:
    other = tmp_path / "ca-khac.pem"
    make_certificates(other, tmp_path / "server.pem", tmp_path / "server.key")
    with pytest.raises(ChisoError, match="không được chấp nhận") as refused:
        database.open_url(there.url(f"sslmode=verify-full&sslrootcert={other}"))
    assert str(other) in str(refused.value)
    with pytest.raises(ChisoError, match=r"không được chấp nhận .*/khong-co\.pem"):
        database.open_url(there.url("sslmode=verify-full&sslrootcert=/khong-co.pem"))


def test_a_certificate_of_another_machine_is_refused(there: TlsServer) -> None:
    known = f"sslmode=verify-full&sslrootcert={there.authority}&hostaddr=127.0.0.1"
    with pytest.raises(ChisoError, match=r"Chứng thư TLS của máy chủ .*kho\.example"):
        database.open_url(there.url(known, host="kho.example"))


def test_backup_and_restore_are_encrypted(there: TlsServer, tmp_path: Path) -> None:
    with database.connect() as connection:
        before = connection.execute("select * from marts.fct_dossier order by 1, 2").fetchall()
    backup.write(tmp_path / "kho.chiso766")
    restore.run(tmp_path / "kho.chiso766", replace=True)
    with database.connect() as connection:
        after = connection.execute("select * from marts.fct_dossier order by 1, 2").fetchall()
    assert after == before
    for program in ("pg_dump", "pg_restore"):
        [*found] = [line for line in sessions(there) if f"application_name={program}" in line]
        assert found, program
        assert all("SSL enabled" in line for line in found)


def test_airflow_and_superset_get_addresses_that_encrypt(there: TlsServer) -> None:
    def encrypted(connection: Any) -> bool:
        return bool(connection.scalar(sqlalchemy.text(IS_ENCRYPTED)))

    superset.write_settings()
    given = json.loads(superset.settings_file().read_text())
    of_airflow = airflow_env.variables()
    for url in (
        given["metadata_url"],
        given["warehouse_url"],
        of_airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"],
    ):
        with sqlalchemy.create_engine(url).connect() as connection:
            assert encrypted(connection)

    async def from_a_coroutine() -> bool:
        engine = create_async_engine(of_airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"])
        async with engine.connect() as connection:
            found = await connection.run_sync(encrypted)
        await engine.dispose()
        return found

    assert asyncio.run(from_a_coroutine())


def test_the_doctor_points_at_a_connection_that_proves_nothing_and_a_log_without_sessions(
    there: TlsServer, chiso: Callable[..., Any]
) -> None:
    def found(url: str) -> str:
        said = json.loads(chiso("doctor", "--json", CHISO_DATABASE_URL=url).stdout)
        of_the_server = [each for each in said if each["check"] == "Máy chủ cơ sở dữ liệu"]
        assert {each["level"] for each in of_the_server} <= {"nên xem"}
        return " ".join(f"{each['what']} {each['todo']}" for each in of_the_server)

    proved = f"sslmode=verify-full&sslrootcert={there.authority}"
    encrypted = found(there.url("sslmode=require&hostaddr=127.0.0.1", host="kho.example"))
    assert "chiso_etl@kho.example" in encrypted
    assert "?sslmode=verify-full&sslrootcert=" in encrypted
    assert "thiếu log_statement của chiso_analyst." in encrypted
    assert "mã hóa" not in found(there.url(proved))
