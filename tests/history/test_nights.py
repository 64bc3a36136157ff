"""What was known each night is kept, can be rebuilt from raw, and its changes are explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from chiso766 import why
from chiso766.build_lock import build_lock
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.rebuild import night_of, rebuilt
from chiso766.why import Why, explain

from ..conftest import Chiso
from ..deliveries import select
from .conftest import FIRST, SECOND, THIRD

pytestmark = pytest.mark.usefixtures("nights")

KEY = ("profile", "unit_code", "period_type", "period_start", "indicator_code")


def test_each_publication_has_its_own_rows_also_of_a_night_that_was_run_again() -> None:
    rows = select(
        """select as_of_day, count(distinct built_at) as publications, count(*) as rows,
            count(distinct (profile, unit_code, period_type, period_start, indicator_code)) as keys
        from marts.fct_indicator_daily group by as_of_day order by as_of_day"""
    )
    keys = 2 * 2 * 4 * 24  # profiles, units, periods (October too), indicators
    assert [tuple(row.values()) for row in rows] == [
        (FIRST, 1, keys, keys),
        (SECOND, 2, 2 * keys, keys),
    ]


def test_a_late_file_changes_the_night_that_learned_of_it_and_none_before() -> None:
    rows = select(
        """select as_of_day, denominator, as_of from marts.fct_indicator_daily
        where unit_code = 'H24.999' and period_start = '2026-11-01' and indicator_code = '2.1'
            and profile = 'portal-2026'
        order by built_at"""
    )
    assert [(row["as_of_day"], row["denominator"]) for row in rows] == [
        (FIRST, 6),
        (SECOND, 7),
        (SECOND, 8),
    ]
    assert [f"{row['as_of']:%d/%m %H:%M}" for row in rows] == ["19/11 00:00"] + ["20/11 00:00"] * 2


def test_the_newest_publication_is_what_the_marts_say() -> None:
    [row] = select(
        """select count(*) as differing from (
            select as_of, profile, unit_code, period_type, period_start, indicator_code,
                numerator, denominator, ratio, score, max_score, status
            from marts.fct_indicator_daily
            where built_at = (select max(built_at) from marts.fct_indicator_daily)
            except
            select as_of, profile, unit_code, period_type, period_start, indicator_code,
                numerator, denominator, ratio, score, max_score, status
            from marts.fct_indicator
        ) as differing"""
    )
    assert row["differing"] == 0


@pytest.mark.parametrize("change", ["update {} set score = 0", "delete from {}", "truncate {}"])
def test_history_cannot_be_rewritten(change: str) -> None:
    with connect() as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute(change.format("history.indicator_version").encode())


def test_a_past_night_rebuilt_from_raw_gives_what_was_published_then() -> None:
    with build_lock() as connection:
        night = night_of(connection, FIRST)
        with rebuilt(connection, night, "rebuilt", "fct_indicator"):
            differing = connection.execute(
                f"""select {", ".join(KEY)}, known.score, again.score
                from rebuilt.fct_indicator as again
                full join (
                    select * from marts.fct_indicator_daily where as_of_day = %s
                ) as known using ({", ".join(KEY)})
                where (known.numerator, known.denominator, known.ratio, known.score,
                        known.max_score, known.status, known.as_of)
                    is distinct from (again.numerator, again.denominator, again.ratio, again.score,
                        again.max_score, again.status, again.as_of)""".encode(),
                [FIRST],
            ).fetchall()
    assert differing == []


Explained = list[tuple[str, int, int, str, list[str]]]


@pytest.fixture(scope="module")
def two_nights(nights: None) -> Why:
    return explain("H24.999", "2026-11", FIRST, SECOND)


@pytest.fixture
def other_rule() -> Iterator[None]:
    """Indicator 2.1 has a maximum of 10 for communes, in seeds that no build has published yet."""
    change = "update law.scoring_rules set max_score = %s where indicator_code = '2.1'"
    with connect(autocommit=True) as connection:
        connection.execute(change, [10])
        yield
        connection.execute(change, [20])


def causes(found: Why, indicator: str) -> Explained:
    """Cause, change of numerator and denominator, points and the numbers of the things."""
    return [
        (
            step["cause"],
            step["numerator_change"],
            step["denominator_change"],
            str(step["points"]),
            [thing["key"].rpartition("-")[2] for thing in step["evidence"]],
        )
        for step in found.steps
        if step["indicator_code"] == indicator and (step["points"] or step["evidence"])
    ]


def test_a_new_dossier_one_overdue_and_one_sent_back_twice(two_nights: Why) -> None:
    assert causes(two_nights, "2.1") == [
        ("new", 1, 1, "0.00", ["0007", "0009"]),
        ("supplement", -1, 0, "-2.50", ["0004"]),
        ("overdue", -1, 0, "-2.50", ["0002"]),
    ]


def test_a_dossier_finished_with_an_electronic_result(two_nights: Why) -> None:
    assert causes(two_nights, "4.1") == [
        ("new", 0, 1, "0.00", ["0007", "0009"]),
        ("finished", 1, 0, "0.75", ["0001"]),
    ]


def test_a_corrected_dossier_and_another_national_count(two_nights: Why) -> None:
    # 5/8, then 7/8, 8/8 and, measured against 12, 8/12
    assert causes(two_nights, "1.4") == [
        ("new", 1, 1, "1.50", ["0007", "0009"]),
        ("corrected", 1, 0, "0.75", ["0003"]),
        ("other_counts", 0, 0, "-2.00", []),
    ]


def test_a_rating_and_a_petition_that_names_a_dossier(two_nights: Why) -> None:
    assert causes(two_nights, "5.4") == [
        ("new", 1, 1, "0.00", ["0007", "0009"]),
        ("supplement", -1, 0, "-0.17", ["0004"]),
        ("overdue", -1, 0, "-0.83", ["0002"]),
        ("rated", -1, 0, "-0.83", ["0005"]),
        ("petition", -1, 0, "-0.84", ["0006"]),
    ]


@pytest.mark.parametrize("indicator", ["5.2", "5.3"])
def test_petitions_new_refused_too_late_and_overdue(two_nights: Why, indicator: str) -> None:
    assert causes(two_nights, indicator) == [
        ("new", 1, 1, "0.00", ["3"]),
        ("finished", -1, 0, "-2.00", ["2"]),
        ("overdue", -1, 0, "-2.00", ["1"]),
    ]


def test_a_service_comes_in_by_its_first_dossier_which_is_named(two_nights: Why) -> None:
    assert causes(two_nights, "3.2") == [("new", 1, 0, "4.00", ["1"])]
    [step] = [s for s in two_nights.steps if s["indicator_code"] == "3.2" and s["evidence"]]
    assert step["evidence"][0]["dossier_codes"] == ["H24.999-261101-0007"]


def test_a_procedure_added_to_the_catalogue(two_nights: Why) -> None:
    assert causes(two_nights, "3.5b") == [("catalogue", 0, 1, "0.00", ["2.000815"])]


def test_a_source_that_comes_for_the_first_time(two_nights: Why) -> None:
    assert causes(two_nights, "1.1") == [("new", 1, 1, "6.00", ["1.004227"])]
    assert causes(two_nights, "1.2") == [("finished", 1, 1, "4.00", ["1.004227"])]


def test_the_causes_sum_to_the_difference_of_the_published_scores(two_nights: Why) -> None:
    scores = {
        (row["as_of_day"], row["indicator_code"]): row["score"] or 0
        for row in select(
            """select distinct on (as_of_day, indicator_code) * from marts.fct_indicator_daily
            where unit_code = 'H24.999' and period_start = '2026-11-01' and max_score > 0
                and profile = 'portal-2026'
            order by as_of_day, indicator_code, built_at desc"""
        )
    }
    explained = {
        code: sum(step["points"] for step in steps) for code, steps in two_nights.by_indicator()
    }
    assert len(explained) == 21
    assert explained == {code: scores[SECOND, code] - scores[FIRST, code] for code in explained}
    assert two_nights.change == sum(explained.values())
    assert two_nights.from_score == sum(score for (day, _), score in scores.items() if day == FIRST)


def test_a_rule_that_changed_since_a_night_was_published_is_a_cause(other_rule: None) -> None:
    found = explain("H24.999", "2026-11", SECOND, THIRD)
    # published: 6/8 of 20; by the new rule 6/8 of 10, then 7/9
    assert causes(found, "2.1") == [
        ("rule_changed", 0, 0, "-7.50", []),
        ("new", 1, 1, "0.28", ["00010"]),
    ]
    assert {
        s["indicator_code"] for s in found.steps if s["cause"] == "rule_changed" and s["points"]
    } == {"2.1"}


def test_a_period_that_began_between_the_nights_starts_from_nothing() -> None:
    found = explain("H24.999", "2026-12", SECOND, THIRD)
    assert found.from_score == 0
    assert causes(found, "2.1") == [
        ("new", 1, 1, "20.00", ["00010"]),
        ("period", 1, 1, "0.00", ["0007", "0009"]),
        ("period", 0, 1, "-8.00", ["0002", "0004"]),
    ]
    assert causes(found, "5.2")[0][:4] == ("period", 0, 0, "6.00")


def test_the_command_prints_the_causes_in_vietnamese(chiso: Chiso) -> None:
    nights = ("--from", FIRST.isoformat(), "--to", SECOND.isoformat())
    printed = chiso("why", "--unit", "H24.999", "--period", "2026-11", *nights)
    assert printed.returncode == 0, printed.stderr
    assert "trở thành quá hạn, không còn đạt (1): H24.999-261101-0002" in printed.stdout
    assert "-2,50" in printed.stdout


def test_machines_are_given_the_same_points_and_codes(two_nights: Why) -> None:
    given = json.loads(json.dumps(why.as_json(two_nights)))
    causes = [cause for indicator in given["indicators"] for cause in indicator["causes"]]
    points = sum(Decimal(str(cause["points"])) for cause in causes)
    assert points == Decimal(str(given["change"])) == two_nights.change
    overdue = {"key": "H24.999-261101-0002", "dossier_codes": ["H24.999-261101-0002"]}
    assert any(overdue in cause["things"] for cause in causes if cause["cause"] == "overdue")


@pytest.mark.parametrize(
    ("unit", "period", "first", "last", "said"),
    [
        ("H24.999", None, SECOND, SECOND, "phải ở trước ngày cuối"),
        ("H24.999", None, date(2026, 11, 1), SECOND, "Chưa chạy đêm nào cho ngày 01/11/2026"),
        ("H24.999", None, None, FIRST, "Trước ngày 18/11/2026 chưa có đêm nào"),
        ("H24.1", None, FIRST, SECOND, "Không có điểm của đơn vị H24.1"),
        ("H24.999", "2026-12", FIRST, SECOND, "Không có điểm của đơn vị H24.999 cho Tháng 12"),
    ],
)
def test_questions_that_have_no_answer_are_said_in_one_sentence(
    unit: str, period: str | None, first: date | None, last: date, said: str
) -> None:
    with pytest.raises(ChisoError, match=said):
        explain(unit, period, first, last)


def test_every_cause_has_words(two_nights: Why) -> None:
    assert {step["cause"] for step in two_nights.steps} <= why.CAUSES.keys()
