"""A night exports what changed that day, as known at the midnight that ends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from chiso766.sample.catalogue import all_procedures, all_services
from chiso766.sample.dossier import Life
from chiso766.sample.dossier_life import DossierLives
from chiso766.sample.outbox import Outbox, Row
from chiso766.sample.petition_life import Petition, PetitionLives
from chiso766.sample.units import all_units, units_with_dossiers
from chiso766.sample.working_hours import DAY, WorkingHours, is_working_day
from chiso766.sources import SOURCES, Kind

from .exports_read import FIRST_DAY, Sample

BEGIN = date(2026, 1, 5).toordinal()
CATALOGUES = ("procedures", "online_services", "units", "unit_procedures")


@pytest.fixture(scope="module")
def lives() -> list[Life]:
    units = all_units(1, "H24.999")
    procedures = all_procedures(1)
    all_services(procedures, units, 1)
    home = units_with_dossiers(units, 1)[0]
    dossiers = DossierLives(home, procedures, ["10510"], WorkingHours(), 1)
    days = filter(is_working_day, range(BEGIN, BEGIN + 40))
    return [life for day in days for life in dossiers.received_on(day, 15)]


@pytest.fixture(scope="module")
def petitions() -> list[Petition]:
    home = units_with_dossiers(all_units(1, "H24.999"), 1)[0]
    made = PetitionLives(home, WorkingHours(), 1)
    return [one for day in range(BEGIN, BEGIN + 400) for one in made.sent_on(day, [])]


def states(item: Life | Petition) -> Iterator[tuple[int, Row]]:
    """What is known of the item at the end of each day of its life, and a while after."""
    days = [moment // DAY for moment in item.moments()]
    return ((day, item.row((day + 1) * DAY)) for day in range(min(days), max(days) + 3))


def assert_changes_on_its_days_only(items: Iterable[Life | Petition]) -> None:
    for item in items:
        days = {moment // DAY for moment in item.moments()}
        for (_, before), (day, after) in pairwise(states(item)):
            assert before == after or day in days


def test_a_dossier_changes_only_on_days_that_export_it(lives: list[Life]) -> None:
    assert_changes_on_its_days_only(lives)


def test_a_petition_changes_only_on_days_that_export_it(petitions: list[Petition]) -> None:
    assert_changes_on_its_days_only(petitions)


def test_the_newest_row_of_a_dossier_is_its_whole_life_at_that_midnight(lives: list[Life]) -> None:
    first, last = BEGIN + 10, BEGIN + 50
    outbox = Outbox(first, last)
    for life in lives:
        for moment in life.moments():
            outbox.add("dossiers", moment // DAY, life)
    newest: dict[str, Row] = {}
    for night in range(first, last + 1):
        for item in outbox.take(night).get("dossiers", []):
            row = item.row((night + 1) * DAY)
            newest[str(row["MaHoSo"])] = row
    expected = {life.code: life for life in lives if life.submitted < (last + 1) * DAY}
    assert newest == {code: life.row((last + 1) * DAY) for code, life in expected.items()}


def test_what_once_happened_is_never_taken_back(sample: Sample) -> None:
    happened = [
        field
        for field, kind in SOURCES["dossiers"].fields.items()
        if kind in (Kind.TIME, Kind.DUE_TIME)
    ]
    for versions in by_key(sample, "dossiers").values():
        for before, after in pairwise(versions):
            assert all(after[field] == before[field] for field in happened if before[field])


def test_the_first_night_holds_all_that_happened_before_it(sample: Sample) -> None:
    full = {one.row["MaHoSo"] for one in sample.rows("dossiers") if one.night == FIRST_DAY}
    first = f"{FIRST_DAY:%Y%m%d}"
    before = {
        one.row["MaHoSo"] for one in sample.rows("dossiers") if one.row["NgayNopHoSo"][:8] < first
    }
    assert before <= full
    assert len(before) > 500


def test_later_nights_hold_the_changes_only(sample: Sample) -> None:
    later = [one for one in sample.rows("dossiers") if one.night > FIRST_DAY]
    days = len({one.night for one in later})
    known = len({one.row["MaHoSo"] for one in sample.rows("dossiers")})
    assert len(later) / days < known / 5


@pytest.mark.parametrize("source", CATALOGUES)
def test_catalogues_are_full_on_the_first_night_and_on_the_first_of_a_month(
    sample: Sample, source: str
) -> None:
    rows = defaultdict(int)
    for exported in sample.rows(source):
        rows[exported.night] += 1
    full = rows[FIRST_DAY]
    for night, number in rows.items():
        is_full = night == FIRST_DAY or night.day == 1
        assert (number == full) if is_full else (number < full / 5)
    assert {date(2026, 5, 1), date(2026, 6, 1)} <= rows.keys()


def test_a_dossier_of_many_nights_has_many_versions(sample: Sample) -> None:
    versions = [len(of_one) for of_one in by_key(sample, "dossiers").values()]
    assert max(versions) >= 4


def by_key(sample: Sample, source: str) -> dict[str, list[dict[str, Any]]]:
    versions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for exported in sample.rows(source):
        versions[exported.row[SOURCES[source].key[0]]].append(exported.row)
    return versions
