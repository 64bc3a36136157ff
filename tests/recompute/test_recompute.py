"""The marts against a second reading of the rule book, over generated exports."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.sample import write_sample

from ..deliveries import loads, select
from .compare import compare
from .exports import Exports
from .indicators import World


def _recomputed(folder: Path) -> World:
    """The second reading of what was loaded from the drop folder."""
    set_aside = frozenset(
        (row["export_day"], row["source"], row["file_name"], row["line"])
        for row in select("select export_day, source, file_name, line from set_aside.row")
    )
    exports = Exports(folder, set_aside)
    refused = {
        (row["export_day"], row["source"], row["file_name"])
        for row in loads()
        if row["state"] == "refused"
    }
    assert exports.refused == refused
    return World(exports, datetime.combine(exports.days[-1] + timedelta(days=1), time()))


def _load(folder: Path) -> None:
    for day in sorted(date.fromisoformat(one.name) for one in folder.iterdir() if one.is_dir()):
        fetch_day(day)
        check_day(day)
    build_marts()
    open_gate()


@pytest.mark.parametrize(
    "sample",
    [
        {"units": 8, "dossiers": 600, "days": 14, "seed": 766, "last_day": date(2027, 1, 12)},
    ],
    ids=["year end"],
)
def test_every_number_of_the_marts_is_that_of_a_second_reading(
    warehouse: Path, sample: dict[str, object]
) -> None:
    write_sample(warehouse, **sample)  # type: ignore[arg-type]
    _load(warehouse)
    differences = compare(_recomputed(warehouse))
    assert differences.compared
    assert not differences.groups, f"\n{differences}"
