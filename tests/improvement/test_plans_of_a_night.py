"""The plans of a night on a real warehouse: in the mart, and as the commands print them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chiso766 import period as periods
from chiso766 import points, solver
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.improvement import write_plans
from chiso766.sample import write_sample
from chiso766.situation import in_points, situations

Row = dict[str, Any]
Chiso = Callable[..., Any]

LAST = date(2026, 11, 20)
DAYS = 3
TARGET_RANK = 2
PLAN = "select * from {}.improvement_plan order by unit_code, period_type, step"


@pytest.fixture(scope="module", autouse=True)
def night(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Five units of a province, published; the plans lead to the second place."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_TARGET_RANK", str(TARGET_RANK))
        write_sample(warehouse, units=5, dossiers=600, days=DAYS, seed=7, dirt=0.0, last_day=LAST)
        for number in reversed(range(DAYS)):
            fetch_day(LAST - timedelta(number))
            check_day(LAST - timedelta(number))
        build_marts()
        open_gate()
        yield


@pytest.fixture
def marts() -> Iterator[psycopg.Connection[Row]]:
    with connect() as connection:
        connection.row_factory = dict_row  # type: ignore[assignment]
        yield connection  # type: ignore[misc]


@pytest.fixture
def plans(marts: psycopg.Connection[Row]) -> dict[tuple[str, str, date], list[Row]]:
    """The steps of each unit and period that has any."""
    found: dict[tuple[str, str, date], list[Row]] = {}
    for row in marts.execute(PLAN.format("marts")).fetchall():
        key = (row["unit_code"], row["period_type"], row["period_start"])
        found.setdefault(key, []).append(row)
    return found


def test_the_counts_that_plans_start_from_earn_the_published_scores(
    marts: psycopg.Connection[Row],
) -> None:
    with connect() as connection:
        for period in periods.current(LAST):
            for situation in situations(connection, period):
                named = (situation.unit_code, period.type, period.start)
                published = marts.execute(
                    "select indicator_code, score from marts.fct_indicator"
                    " where profile = 'portal-2026' and status = 'scored' and denominator > 0"
                    " and unit_code = %s and period_type = %s and period_start = %s",
                    named,
                ).fetchall()
                scores = points.scores(situation.indicators)
                assert len(published) > 10
                for row in published:
                    assert in_points(scores[row["indicator_code"]]) == row["score"], named


def test_units_below_the_target_place_have_a_plan_and_no_other(
    marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    ranked = marts.execute(
        "select ranked.* from marts.unit_ranking as ranked"
        " join intermediate.int_current_period using (period_type, period_start)"
    ).fetchall()
    below = {
        (row["unit_code"], row["period_type"], row["period_start"])
        for row in ranked
        if row["own_score"] is not None and row["own_rank"] > TARGET_RANK
    }
    assert len(below) >= 6
    assert set(plans) == below


def test_the_steps_add_up_from_the_own_score_to_the_score_of_the_target_place(
    marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    reached = 0
    for unit, steps in plans.items():
        [own] = marts.execute(
            "select * from marts.unit_ranking"
            " where unit_code = %s and period_type = %s and period_start = %s",
            unit,
        ).fetchall()
        rivals = [
            row["total_score"]
            for row in marts.execute(
                "select total_score from marts.unit_ranking where unit_code <> %s"
                " and period_type = %s and period_start = %s and unit_level = %s"
                " and province_code is not distinct from %s order by total_score desc",
                (*unit, own["unit_level"], own["province_code"]),
            ).fetchall()
        ]
        score = own["own_score"]
        for number, step in enumerate(steps, start=1):
            score += step["points_gained"]
            assert (step["step"], step["cumulative_score"]) == (number, score)
            assert step["cumulative_rank"] == 1 + sum(rival > score for rival in rivals)
            assert step["indicator_code"] in step["effects"]
            assert step["action_name"]
        reached += score >= rivals[TARGET_RANK - 1]
    assert reached > 0


def test_every_step_lists_the_things_that_it_is_done_on(
    marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    for step in max(plans.values(), key=len):
        keys = [row["evidence_key"] for row in marts.execute(step["evidence_link"].encode())]
        assert len(keys) == len(set(keys)) == step["units_of_work"]


def test_plans_written_again_are_the_same(plans: dict[tuple[str, str, date], list[Row]]) -> None:
    build_marts()
    with connect() as connection:
        first = connection.execute(PLAN.format("marts_next").encode()).fetchall()
        write_plans(connection)
        assert connection.execute(PLAN.format("marts_next").encode()).fetchall() == first
    assert len(first) == sum(map(len, plans.values()))


def test_a_plan_that_is_too_hard_leaves_its_unit_without_one_and_does_not_hold_up_the_night(
    monkeypatch: pytest.MonkeyPatch,
    marts: psycopg.Connection[Row],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(solver, "_MOST_NODES", 0)
    build_marts()
    assert "phương án tăng điểm của đơn vị" in caplog.text
    [build] = marts.execute("select * from ops.build order by build_id desc limit 1").fetchall()
    assert build["state"] == "built"


def last_unit(plans: dict[tuple[str, str, date], list[Row]]) -> str:
    return min(unit for unit, kind, _ in plans if kind == "month" and unit != "H24")


def test_the_command_prints_the_plan_of_the_mart(
    chiso: Chiso, plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    unit = last_unit(plans)
    steps = plans[unit, "month", date(2026, 11, 1)]
    said = json.loads(chiso("plan", "--unit", unit, "--json").stdout)
    assert (said["period_type"], said["target_rank"]) == ("month", TARGET_RANK)
    assert [
        (step["action"], step["units_of_work"], step["cumulative_score"], step["evidence_link"])
        for step in said["steps"]
    ] == [
        (
            step["action"],
            step["units_of_work"],
            float(step["cumulative_score"]),
            step["evidence_link"],
        )
        for step in steps
    ]
    printed = chiso("plan", "--unit", unit).stdout
    for step in steps:
        assert str(step["cumulative_score"]).replace(".", ",") in printed
    for word in ("điểm tự tính", "Để xếp thứ 2 cần", "Phương án ít việc nhất", "Cần giữ đúng hạn"):
        assert word in printed


def test_the_command_takes_any_place_and_says_when_it_is_reached(
    chiso: Chiso, plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    done = chiso("plan", "--unit", last_unit(plans), "--target-rank", "50", "--period", "2026-Q4")
    assert done.returncode == 0
    assert "Đã đạt thứ 50: không cần làm thêm việc nào." in done.stdout


def test_what_is_no_longer_possible_and_what_must_be_kept_is_said(
    chiso: Chiso, marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    unit = last_unit(plans)
    said = json.loads(chiso("plan", "--unit", unit, "--json").stdout)
    limits = marts.execute(
        "select indicator_code from marts.improvement_limit where unit_code = %s"
        " and period_type = 'month' order by 1",
        [unit],
    ).fetchall()
    assert sorted(row["indicator_code"] for row in said["limits"]) == [
        row["indicator_code"] for row in limits
    ]
    [kept] = marts.execute(
        "select count(*) as dossiers, count(*) * 20.0 / max(counted.denominator) as points"
        " from marts.fct_dossier as work"
        " join marts.fct_indicator as counted using (unit_code)"
        " where work.unit_code = %s and work.state = 'open_in_time' and profile = 'portal-2026'"
        " and period_type = 'month' and period_start = '2026-11-01' and indicator_code = '2.1'",
        [unit],
    ).fetchall()
    assert said["in_time"]["dossiers"] == kept["dossiers"] > 0
    # Late dossiers fall out of 2.1 (20 points), and at most as many out of 5.4.
    assert said["in_time"]["points_at_risk"] >= float(kept["points"]) - 0.01


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["plan", "--period", "2026-10"],
            "Tháng 10/2026 không phải là kỳ hiện tại: hãy chọn một trong các kỳ Tháng 11/2026,"
            " Quý IV/2026, Năm 2026.",
        ),
        (
            ["plan", "--target-rank", "0"],
            "./chiso plan: không hiểu giá trị của --target-rank; xem ./chiso plan --help.",
        ),
        (
            ["whatif", "--unit", "H24.000", "--set", "3.6=1"],
            "Không có điểm tự tính của đơn vị H24.000 cho Tháng 11/2026: hãy kiểm tra mã đơn vị"
            " (CHISO_UNIT, nguồn units) và kỳ đã có hồ sơ.",
        ),
        (
            ["whatif", "--set", "3.6+40"],
            "Không hiểu thay đổi “3.6+40”: hãy viết mã chỉ số và số lượng thêm hay bớt, ví dụ"
            " --set 3.6=+40 hoặc --set 4.1=-10.",
        ),
        (
            ["whatif", "--set", "3.6=1", "--set", "3.6=-1"],
            "Chỉ số 3.6 được nêu hai lần: hãy bỏ bớt một --set.",
        ),
    ],
)
def test_a_wrong_question_gets_one_sentence(
    chiso: Chiso, arguments: list[str], sentence: str
) -> None:
    done = chiso(*arguments)
    assert done.returncode != 0
    assert (done.stdout, done.stderr) == ("", sentence + "\n")


@pytest.mark.parametrize("code", ["2.2", "3.1", "4.6", "9.9"])
def test_only_what_has_a_score_can_be_changed(chiso: Chiso, code: str) -> None:
    done = chiso("whatif", "--set", f"{code}=1")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Chỉ số {code} không tính điểm từ số đếm trong kỳ này:")


def test_what_if_says_score_total_and_place_before_and_after(
    chiso: Chiso, marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    unit = last_unit(plans)
    before = counts(marts, unit)
    done = chiso("whatif", "--unit", unit, "--set", "4.1=+9", "--set", "2.1=-5", "--json")
    said = json.loads(done.stdout)
    [result, in_time] = sorted(said["indicators"], key=lambda row: row["indicator_code"])[::-1]
    assert result["score_before"] == float(before["4.1"]["score"])
    assert result["numerator_after"] == float(before["4.1"]["numerator"]) + 9
    expected = [scored(before["4.1"], 9, 6), scored(before["2.1"], -5, 20)]
    assert [result["score_after"], in_time["score_after"]] == expected
    gained = sum(row["score_after"] - row["score_before"] for row in said["indicators"])
    assert said["total_after"] == pytest.approx(said["total_before"] + gained)
    [ranked] = marts.execute(
        "select own_score, own_rank, rank_of from marts.unit_ranking"
        " where unit_code = %s and period_type = 'month' and period_start = '2026-11-01'",
        [unit],
    ).fetchall()
    assert said["total_before"] == float(ranked["own_score"])
    assert (said["rank_before"], said["rank_of"]) == (ranked["own_rank"], ranked["rank_of"])


def counts(marts: psycopg.Connection[Row], unit: str) -> dict[str, Row]:
    rows = marts.execute(
        "select * from marts.fct_indicator where profile = 'portal-2026' and unit_code = %s"
        " and period_type = 'month' and period_start = '2026-11-01'",
        [unit],
    ).fetchall()
    return {row["indicator_code"]: row for row in rows}


def scored(row: Row, added: int, most: int) -> float:
    """By hand, for a target of 100 %; PostgreSQL's round() does the same half up."""
    share = most * (row["numerator"] + added) / row["denominator"]
    return float(min(Decimal(most), share).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP"))


def test_what_if_1_4_moves_3_3_too_and_stays_within_its_denominator(
    chiso: Chiso, marts: psycopg.Connection[Row], plans: dict[tuple[str, str, date], list[Row]]
) -> None:
    unit = last_unit(plans)
    before = counts(marts, unit)
    most = before["1.4"]["denominator"]
    for asked, numerator, score in (("+9999999", most, 6), ("-9999999", 0, 0)):
        arguments = ("whatif", "--unit", unit, "--set", f"1.4={asked}")
        said = json.loads(chiso(*arguments, "--json").stdout)
        [synchronised, online] = said["indicators"]
        assert [row["indicator_code"] for row in said["indicators"]] == ["1.4", "3.3"]
        assert (synchronised["numerator_after"], synchronised["score_after"]) == (numerator, score)
        assert online["numerator_after"] == online["numerator_before"]
        assert online["score_before"] == float(before["3.3"]["score"]) > 0
        assert (online["score_after"] > 0) == (score > 0)
        assert f"thay vì {asked}, vì tử số đã tới" in chiso(*arguments).stdout
