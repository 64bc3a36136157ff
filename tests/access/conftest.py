"""An installation with one published night, as its accounts find it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chiso766 import database, server, unit_reader
from chiso766 import warehouse as warehouse_tables
from chiso766.build import build_marts
from chiso766.gate import open_gate

from ..deliveries import DOSSIER, GOOD, deliver, load_days
from ..homes import other_home

OF_ANOTHER_UNIT = f"{database.OF_UNITS}_mot"
STRANGER = "ai_do"
SEALED = "niem-phong-4714"


def one_night() -> None:
    """Load and publish a night of two units, with a row that is set aside."""
    unit = GOOD["units"]
    deliver("units", "u.json", [unit, unit | {"MaDonVi": "H24.101", "TenDonVi": "Xã Một"}])
    deliver("procedures", "p.json", [GOOD["procedures"]])
    other = DOSSIER | {"MaHoSo": "H24.101-261120-0001"}
    broken = DOSSIER | {"MaHoSo": "H24.999-261120-0008", "TrangThaiHoSo": SEALED}
    deliver("dossiers", "d.json", [DOSSIER, other, broken])
    load_days()
    build_marts()
    open_gate()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home; beside the usual accounts there are Superset's, one of another unit, a stranger."""
    home = tmp_path_factory.mktemp("access") / "home"
    with other_home(home):
        server.start()
        try:
            warehouse_tables.prepare()
            one_night()
            server.add_database(database.SUPERSET)
            unit_reader.run("mot", ["H24.101"])
            with database.open_url(administration()) as admin:
                database.make_passwords(STRANGER)
                secret = database.password(STRANGER)
                admin.execute(f"create role {STRANGER} login password '{secret}'".encode())
            yield home
        finally:
            server.stop()


@pytest.fixture
def admin(installation: Path) -> Iterator[psycopg.Connection]:
    """The warehouse, seen by who sees everything."""
    with database.open_url(
        database.embedded_url(database.SUPERUSER, database.WAREHOUSE), autocommit=True
    ) as connection:
        yield connection


def administration() -> str:
    return database.embedded_url(database.SUPERUSER, "postgres")
