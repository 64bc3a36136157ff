"""A published night with rows that broke rules, of known, unknown and hostile units."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chiso766 import set_aside_sheets
from chiso766.build import build_marts
from chiso766.database import connect
from chiso766.gate import open_gate
from chiso766.publish import publish_reports

from ..deliveries import DAY, DOSSIER, GOOD, Row, deliver, load_days

NEXT_DAY = DAY + timedelta(days=1)
HOSTILE_UNITS = ("../../h24.999", "..", "=CMD", "h24.999", "H24.999.", "/" + "X" * 300, "CON")


def broken_dossier(unit: str, number: int, **broken: object) -> Row:
    return DOSSIER | {"MaHoSo": f"{unit}-261120-{number}", "TrangThaiHoSo": "99"} | broken


@pytest.fixture(scope="module")
def published(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(tmp_path_factory.mktemp("home")))
        # A process that is killed leaves openpyxl's temporary files behind.
        environment.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        units = [GOOD["units"] | {"MaDonVi": code} for code in ("H24.998", *HOSTILE_UNITS)]
        deliver("units", "u.json", [GOOD["units"], *units])
        deliver(
            "dossiers",
            "=1+1.json",
            [
                DOSSIER,
                broken_dossier("H24.999", 1),
                broken_dossier("H24.999", 2, TrangThaiHoSo="9", NgayTra="=HYPERLINK(1)"),
                broken_dossier("H24.999", 3, TrangThaiHoSo="9", NgayTra="@x\u0001\uffff<&>"),
                broken_dossier("H24.999", 4, TrangThaiHoSo="9", NgayTra="#N/A"),
                broken_dossier("H24.999", 5, TrangThaiHoSo="9", NgayTra="-" * 40_000),
                broken_dossier("H24.998", 1),
                broken_dossier("H24.555", 1),
                *(broken_dossier(unit, 1) for unit in HOSTILE_UNITS),
            ],
        )
        deliver("dossiers", "b.jsonl", b'{"MaHoSo": \n')
        deliver("petitions", "p.json", [GOOD["petitions"] | {"LuotThich": "-1"}])
        deliver("dossiers", "c.json", [broken_dossier("H24.998", 2)], NEXT_DAY)
        load_days(DAY, NEXT_DAY)
        build_marts()
        open_gate()
        publish_reports()
        yield


@pytest.fixture
def all_open(published: None) -> Iterator[None]:
    """For tests that heal rows: everything is open again, and written, when they are done."""
    yield
    with connect() as connection:
        connection.execute("update set_aside.row set healed_load_id = null")
    set_aside_sheets.write_sheets()
