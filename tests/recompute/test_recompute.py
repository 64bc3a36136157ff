"""The marts against a second reading of the rule book, over generated exports."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import hypothesis
import pytest

from chiso766 import settings
from chiso766.build import build_marts
from chiso766.database import connect
from chiso766.gate import open_gate
from chiso766.sample import write_sample

from ..compiled import Compiled
from ..deliveries import load_days, loads, select
from .compare import Differences, compare
from .direct import Given
from .edges import Edges, lines, write
from .exports import Exports
from .indicators import World
from .strategies import worlds
from .tables import Recomputed

EXAMPLES = int(os.environ.get("CHISO_TEST_EXAMPLES", "80"))

pytestmark = pytest.mark.usefixtures("empty_warehouse")


def _recomputed(folder: Path) -> Recomputed:
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
    as_of = datetime.combine(exports.days[-1] + timedelta(days=1), time())
    return Recomputed(World(exports, as_of))


def _assert_no_difference(folder: Path, compiled: Compiled | None = None) -> None:
    """The published marts, or those that the compiled models give, are those recomputed."""
    own = _recomputed(folder)
    with connect() as connection:
        if compiled:
            compiled.build(connection, own.world.as_of.date() - timedelta(days=1))
        differences = compare(own, connection)
        connection.rollback()
    assert differences.compared
    _assert_none(differences)


def _assert_none(differences: Differences) -> None:
    if differences.groups:
        raise AssertionError(f"\n{differences}")


def test_every_number_of_the_marts_is_that_of_a_second_reading() -> None:
    """Of the sample, with rows that are set aside and files that are refused, as dbt builds it."""
    folder = settings.load().exports
    last_day = date(2027, 1, 6)
    write_sample(folder, units=4, dossiers=200, days=5, seed=766, last_day=last_day, dirt=0.03)
    load_days(*sorted(date.fromisoformat(one.name) for one in folder.iterdir() if one.is_dir()))
    build_marts()
    open_gate()
    _assert_no_difference(folder)


@pytest.mark.usefixtures("seeds")
@pytest.mark.parametrize(
    ("seed", "last_day"),
    [
        pytest.param(1, date(2027, 1, 5), id="year end, 24 November"),
        pytest.param(2, date(2026, 4, 2), id="quarter end, Tet 2026"),
        pytest.param(3, date(2024, 3, 3), id="Tet 2024, 29 February"),
        pytest.param(4, date(2026, 9, 4), id="working Saturday, 2 September"),
        pytest.param(5, date(2025, 5, 5), id="working Saturday 2025, 30 April"),
        pytest.param(6, date(2027, 3, 31), id="last day of a quarter, Tet 2027"),
    ],
)
def test_odd_times_and_states_at_the_edges_are_read_as_the_rule_book_says(
    seed: int, last_day: date, compiled: Compiled
) -> None:
    folder = settings.load().exports
    edges = Edges(seed, last_day)
    edges.write(folder)
    load_days(*edges.days)
    _assert_no_difference(folder, compiled)


@pytest.mark.usefixtures("seeds")
def test_a_day_that_comes_late_and_a_full_dump_change_nothing(compiled: Compiled) -> None:
    folder = settings.load().exports
    edges = Edges(7, date(2026, 7, 2))
    edges.write(folder)
    first, second, third = edges.days
    load_days(first, third)
    load_days(second)
    _assert_no_difference(folder, compiled)
    dumped = Exports(folder)
    for source in ("dossiers", "petitions", "procedures"):
        write(folder, third, source, "z.jsonl", lines(dumped.newest(source)))
    load_days(third)
    _assert_no_difference(folder, compiled)


@pytest.mark.usefixtures("seeds")
def test_an_indicator_has_no_source_until_the_first_file_of_its_own_was_read(
    compiled: Compiled,
) -> None:
    """The sources come one by one; of two of them first a table without any row."""
    folder = settings.load().exports
    written = settings.load().home / "written"
    edges = Edges(8, date(2026, 12, 3), dossiers=60, petitions=30)
    edges.write(written)
    sources = ("units", "ratings", "dossiers", "announcements", "procedures", "online_services")
    for number, source in enumerate(sources):
        day = edges.days[0] + timedelta(days=number)
        (folder / day.isoformat()).mkdir(parents=True)
        (written / edges.days[0].isoformat() / source).rename(folder / day.isoformat() / source)
        if source == "announcements":
            write(folder, day, "petitions", "only_titles.csv", "MaPAKN,MaDonVi,NgayGui\n")
            write(folder, day, "online_services", "broken.json", "[{")
        load_days(day)
        _assert_no_difference(folder, compiled)


@pytest.mark.usefixtures("seeds")
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    report_multiple_bugs=False,
    phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(given=worlds())
def test_drawn_worlds_are_read_as_the_rule_book_says(compiled: Compiled, given: Given) -> None:
    """Each is loaded without files and built, and the smallest that differs is shown.

    CHISO_TEST_EXAMPLES in the environment asks for more (or other numbers of) examples.
    """
    own = Recomputed(World(given, given.as_of))
    with connect() as connection:
        given.load(connection)
        compiled.build(connection, given.as_of_day)
        differences = compare(own, connection)
        connection.rollback()
    _assert_none(differences)
