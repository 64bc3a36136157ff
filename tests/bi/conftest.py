"""Two published nights of a sample, in a home of their own, and the assets that shall show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from chiso766 import server, superset
from chiso766 import warehouse as warehouse_tables
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.sample import write_sample

from ..deliveries import deliver
from ..privacy.planted import files_of

Assets = dict[str, dict[str, Any]]

NIGHTS = date(2026, 11, 29), date(2026, 11, 30)
UNIT = "H24.999"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home: its warehouse has the name, and its readers the rights, of an installation."""
    home = tmp_path_factory.mktemp("bi") / "home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        server.start()
        warehouse_tables.prepare()
        write_sample(home / "exports", units=3, dossiers=300, days=2, seed=5, last_day=NIGHTS[-1])
        for source in ("dossiers", "petitions"):
            for name, content in files_of(source).items():
                deliver(source, name, content, NIGHTS[-1])
        for night in NIGHTS:
            fetch_day(night)
            check_day(night)
            build_marts()
            open_gate()
        yield home
        server.stop()


def assets(kind: str) -> Assets:
    """File name without suffix -> content, of a folder of the assets."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((superset.BI / "assets" / kind).glob("*.yaml"))
    }
