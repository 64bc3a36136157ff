"""What the portal published on each day, as the marts read it, and what data_status says of it."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from chiso766.build import run_dbt
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.fetch import fetch_day
from chiso766.portal import pull_day

from ..compiled import EVERY_LOAD, Compiled, as_of
from ..connectors.servers import Answer
from ..deliveries import DAY, GOOD, Row, deliver, load_days, select
from .answers import CITY, GROUP_SCORES, WARD, answer, listed_unit, metric, ok, result
from .conftest import Portal

NEXT = DAY + timedelta(days=1)
AFTER = DAY + timedelta(days=2)

pytestmark = pytest.mark.usefixtures("empty_warehouse")


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return Compiled()


@pytest.fixture(scope="module")
def data_status(warehouse: Path) -> None:
    """The live view over the bookkeeping, in ``marts_next``."""
    assert run_dbt(["build", "--select", "+data_status"], DAY, 0).success


class Staged:
    """The rows of stg_portal_scores or int_portal_count, built as of a day and a load."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def __call__(
        self,
        as_of_day: date = AFTER,
        last_load_id: int = EVERY_LOAD,
        model: str = "stg_portal_scores",
    ) -> list[Row]:
        with connect() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            for name in ("stg_portal_scores", "int_portal_count"):
                one = self._compiled.models[name]
                cursor.execute(f"create schema if not exists {one.schema}".encode())
                for statement in one.statements():
                    cursor.execute(as_of(statement, as_of_day, last_load_id))
            relation = self._compiled.models[model].relation
            found = cursor.execute(f"select * from {relation}".encode()).fetchall()
            connection.rollback()
        return found


@pytest.fixture
def staged(compiled: Compiled) -> Staged:
    return Staged(compiled)


def say(name: str, given: Any, day: date = DAY) -> None:
    deliver("portal_scores", name, Answer(given).content(), day)


def synced(denominator: int | None, **fields: Any) -> Any:
    one = metric("DOSSIER_SYNC", denominator=denominator, **fields)
    unit = listed_unit("transparency", metrics=[one], totalScore=None)
    return ok({"overview": None, "evaluation": [unit]})


def pulls(rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted((row["pulled_on"], row["denominator"], row["is_newest"]) for row in rows)


def test_a_row_has_the_columns_that_are_promised(staged: Staged) -> None:
    say("transparency_2026-Q3_1.json", synced(2018, ratio=96.28))
    load_days()

    assert staged() == [
        {
            "unit_code": WARD,
            "unit_name": "UBND phường Nhị Chiểu",
            "unit_level": None,
            "period_type": "quarter",
            "period_start": date(2026, 7, 1),
            "portal_code": "DOSSIER_SYNC",
            "numerator": 1943,
            "denominator": 2018,
            "ratio": Decimal("0.9628"),
            "score": Decimal("5.78"),
            "max_score": 6,
            "pulled_on": DAY,
            "is_newest": True,
        }
    ]


def test_shares_are_of_one_and_the_average_time_is_in_days(staged: Staged) -> None:
    say("dvc-progress-tree_2026-11.json", answer("dvc-progress-tree"))
    say("transparency_2026-11.json", synced(2018, ratio=100))
    load_days()

    ratios = {(row["unit_code"], row["portal_code"]): row["ratio"] for row in staged()}
    assert ratios[WARD, "avgProcessingDays"] == Decimal("2.16")
    assert ratios[WARD, "DOSSIER_SYNC"] == 1
    assert ratios[WARD, "totalOnTime / totalReceived"] is None


def test_the_level_is_in_small_letters_or_unknown(staged: Staged) -> None:
    units = [result(), result(CITY, childGroup=None, groupScores=GROUP_SCORES)]
    units += [result("H24.1", childGroup="AGENCY"), result("H24.2", childGroup="WARD")]
    say("service-results_2026.json", ok(units))
    say("dvc-progress-tree_2026.json", answer("dvc-progress-tree"))
    load_days()

    levels = {
        (row["unit_code"], row["portal_code"]): row["unit_level"]
        for row in staged()
        if row["portal_code"] in ("TOTAL", "avgProcessingDays")
    }
    assert levels == {
        (WARD, "TOTAL"): "commune",
        (CITY, "TOTAL"): None,
        ("H24.1", "TOTAL"): "agency",
        ("H24.2", "TOTAL"): None,
        (WARD, "avgProcessingDays"): "commune",
        (CITY, "avgProcessingDays"): "province",
    }


def test_each_day_pulled_is_a_row_changed_or_not(staged: Staged) -> None:
    say("transparency_2026.json", synced(10), DAY)
    say("transparency_2026.json", synced(10), NEXT)
    say("transparency_2026-year.json", synced(12), AFTER)
    load_days(DAY, NEXT, AFTER)

    assert pulls(staged()) == [(DAY, 10, False), (NEXT, 10, False), (AFTER, 12, True)]
    assert pulls(staged(NEXT)) == [(DAY, 10, False), (NEXT, 10, True)]
    assert [row["dossiers"] for row in staged(model="int_portal_count")] == [12]
    assert [row["dossiers"] for row in staged(NEXT, model="int_portal_count")] == [10]


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
def test_the_days_may_come_in_any_order(staged: Staged, order: tuple[int, ...]) -> None:
    for each in order:
        day = DAY + timedelta(days=each)
        say("transparency_2026.json", synced(10), day)
        load_days(day)

    assert pulls(staged()) == [(DAY, 10, False), (NEXT, 10, False), (AFTER, 10, True)]


def test_within_a_day_the_later_file_and_the_later_sending_win(staged: Staged) -> None:
    say("transparency_2026_1.json", synced(10))
    say("transparency_2026_2.json", synced(11))
    load_days()
    assert pulls(staged()) == [(DAY, 11, True)]

    say("transparency_2026_2.json", synced(12))
    load_days()
    assert pulls(staged()) == [(DAY, 12, True)]


def test_what_was_loaded_after_the_build_began_is_not_seen(staged: Staged) -> None:
    say("transparency_2026.json", synced(10))
    load_days()
    [last] = select("select max(load_id) as load_id from ops.load")
    say("transparency_2026.json", synced(11))
    say("transparency_2026.json", synced(12), NEXT)
    load_days(DAY, NEXT)

    assert pulls(staged(AFTER, last["load_id"])) == [(DAY, 10, True)]
    assert pulls(staged()) == [(DAY, 11, False), (NEXT, 12, True)]


def test_the_newest_pull_counts_even_where_it_tells_no_denominator(staged: Staged) -> None:
    say("transparency_2026.json", synced(10))
    say("transparency_2026.json", synced(None), NEXT)
    load_days(DAY, NEXT)

    assert pulls(staged(DAY)) == [(DAY, 10, True)]
    assert staged(NEXT, model="int_portal_count") == []


def test_a_metric_that_tells_nothing_leaves_the_day_before_the_newest(staged: Staged) -> None:
    say("transparency_2026.json", synced(10))
    say("transparency_2026.json", synced(None, numerator=None, ratio=None, score=None), NEXT)
    load_days(DAY, NEXT)

    assert pulls(staged()) == [(DAY, 10, True)]


def warning(day: date = DAY, source: str = "portal_scores") -> str:
    [row] = select(
        "select coalesce(warning, '') as warning from marts_next.data_status"
        " where (export_day, source) = (%s, %s)",
        day,
        source,
    )
    return str(row["warning"])


@pytest.mark.parametrize("status", [403, 429])
def test_data_status_says_a_refusal_for_the_source_and_the_rest_of_the_night_goes_on(
    data_status: None, replayed: Portal, status: int
) -> None:
    replayed.say = lambda endpoint, body: Answer(status=status)
    pull_day(DAY)
    deliver("units", "a.csv", [GOOD["units"]])
    fetch_day(DAY)
    check_day(DAY)

    assert f"Máy chủ của kết nối cong_dvcqg không cho hỏi nữa ({status})" in warning()
    assert warning(source="units") == ""


def test_data_status_names_an_answer_that_was_refused(data_status: None, replayed: Portal) -> None:
    failed = Answer(answer("transparency") | {"code": "ERROR"}, status=201)
    replayed.say = lambda endpoint, body: (
        failed if endpoint == "transparency" else Answer(answer(endpoint))
    )
    pull_day(DAY)
    fetch_day(DAY)
    check_day(DAY)

    assert "Tệp transparency_2026-11_1.json không báo thành công (code khác OK)" in warning()
    [row] = select(
        "select files, rows_read, rows_accepted, rows_set_aside from marts_next.data_status"
        " where source = 'portal_scores'"
    )
    assert row["files"] == 21
    assert row["rows_read"] == row["rows_accepted"] > 0
