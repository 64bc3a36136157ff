"""The marts against a second reading of the rule book, over generated exports."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.sample import write_sample

from ..deliveries import loads, select
from .compare import compare
from .edges import Edges
from .exports import Exports
from .indicators import World

pytestmark = pytest.mark.usefixtures("empty_warehouse")


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
        {"units": 8, "dossiers": 200, "days": 5, "seed": 766, "last_day": date(2027, 1, 6)},
        {
            "units": 4,
            "dossiers": 200,
            "days": 6,
            "seed": 5,
            "last_day": date(2026, 10, 6),
            "dirt": 0.03,
        },
    ],
    ids=["year end", "dirty quarter end"],
)
def test_every_number_of_the_marts_is_that_of_a_second_reading(
    sample: dict[str, object],
) -> None:
    folder = settings.load().exports
    write_sample(folder, **sample)  # type: ignore[arg-type]
    _load(folder)
    differences = compare(_recomputed(folder))
    assert differences.compared
    assert not differences.groups, f"\n{differences}"


@pytest.mark.parametrize("seed", [1, 2])
def test_odd_times_and_states_at_the_edges_are_read_as_the_rule_book_says(
    seed: int,
) -> None:
    folder = settings.load().exports
    Edges(seed, dossiers=700, petitions=250).write(folder)
    _load(folder)
    differences = compare(_recomputed(folder))
    assert not differences.groups, f"\n{differences}"
