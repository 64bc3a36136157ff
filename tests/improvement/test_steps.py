"""From the least work to the steps of a plan: their order, what each gains, and the place."""

from __future__ import annotations

from datetime import date

import pytest

from chiso766 import points
from chiso766.improvement import evidence_query, plan
from chiso766.period import Period
from chiso766.points import Indicators
from chiso766.situation import Situation
from chiso766.solver import Work

from .cases import indicator

NOVEMBER = Period("month", date(2026, 11, 1))


def situation(indicators: Indicators, work: list[Work], rivals: list[int]) -> Situation:
    """A ward whose other indicators earn nothing."""
    return Situation(
        unit_code="H24.999",
        unit_name="Phường Mẫu",
        unit_level="commune",
        period=NOVEMBER,
        score=points.total(indicators),
        published=None,
        rivals=rivals,
        indicators=indicators,
        work=work,
    )


@pytest.mark.parametrize(
    ("score", "place"), [(900, 1), (800, 1), (799, 2), (700, 2), (699, 4), (500, 4), (0, 5)]
)
def test_a_place_is_1_more_than_the_units_that_have_more(score: int, place: int) -> None:
    assert situation({}, [], [800, 700, 700, 500]).place(score) == place


@pytest.mark.parametrize(("target_rank", "lacking"), [(1, 500), (2, 400), (3, 400), (4, 200)])
def test_a_place_needs_the_total_of_the_rival_that_holds_it(target_rank: int, lacking: int) -> None:
    ward = situation({"4.1": indicator(5, 10)}, [], [800, 700, 700, 500])
    assert ward.score == 300
    assert ward.lacking(target_rank) == lacking


def test_a_place_that_fewer_units_hold_is_reached() -> None:
    ward = situation({"4.1": indicator(5, 10)}, [], [800, 700, 700, 500])
    assert ward.lacking(5) == 0
    assert situation({}, [], []).lacking(1) == 0


def test_at_the_target_place_in_a_tie_too_there_is_no_step() -> None:
    work = [Work("attach_result", "", ("4.1",), 5)]
    assert plan(situation({"4.1": indicator(5, 10)}, work, [300, 200]), 1) == []
    assert plan(situation({"4.1": indicator(5, 10)}, work, [301, 200]), 2) == []
    assert len(plan(situation({"4.1": indicator(5, 10)}, work, [301, 200]), 1)) == 1


def test_steps_come_by_what_they_are_worth_each_and_add_up() -> None:
    """A dossier of 4.1 earns 0.60, of 4.4 0.40, of 4.3 (2 points at 80 %) 0.25."""
    indicators = {
        "4.1": indicator(8, 10, 6),
        "4.3": indicator(0, 10, 2, "0.8"),
        "4.4": indicator(5, 10, 4),
    }
    work = [
        Work("attach_result", "", ("4.1",), 2),
        Work("reuse_data", "", ("4.3",), 10),
        Work("use_data_store", "", ("4.4",), 2),
    ]
    ward = situation(indicators, work, [1000, 850, 850, 790])
    assert ward.score == 680
    found = [
        (step.action, step.units_of_work, step.points_gained, step.cumulative_score)
        for step in plan(ward, 1)
    ]
    assert found == [
        ("attach_result", 2, 120, 800),
        ("use_data_store", 2, 80, 880),
        ("reuse_data", 5, 125, 1005),
    ]
    assert [step.cumulative_rank for step in plan(ward, 1)] == [4, 2, 1]


def test_a_step_names_the_indicator_that_gains_most() -> None:
    indicators = {"3.5b": indicator(0, 10, 2, "0.8"), "3.6": indicator(0, 100)}
    work = [Work("pay_online", "", ("3.5b", "3.6"), 3)]
    for paid, expected in ((0, ("3.5b", 75 + 18)), (7, ("3.5b", 25 + 18)), (8, ("3.6", 12))):
        # 8 of 10 are the target: from there on a payment earns in 3.6 only.
        full = {**indicators, "3.5b": indicator(paid, 10, 2, "0.8")}
        [step] = plan(situation(full, work, [10_000]), 1)
        assert (step.indicator_code, step.points_gained) == expected


def test_what_synchronising_earns_in_3_3_is_of_the_step() -> None:
    indicators = {"1.4": indicator(5, 10), "3.3": indicator(5, 20, 6, "0.5")}
    [step] = plan(situation(indicators, [Work("synchronise", "", ("1.4",), 5)], [539]), 1)
    assert (step.indicator_code, step.units_of_work, step.points_gained) == ("1.4", 1, 90)


BOTH = [
    Work("attach_file", "", ("4.2",), 1),
    Work("attach_file", "both", ("4.2",), 4),
    Work("attach_result", "", ("4.1",), 1),
    Work("attach_result", "both", ("4.1",), 4),
]


def test_files_wait_for_the_results_of_dossiers_that_lack_both() -> None:
    """A file is worth more here, but those of four dossiers count only after their results."""
    indicators = {"4.1": indicator(0, 100, 2), "4.2": indicator(0, 100, 20)}
    steps = plan(situation(indicators, BOTH, [10_000]), 1)
    assert [(step.action, step.units_of_work) for step in steps] == [
        ("attach_result", 5),
        ("attach_file", 5),
    ]
    assert [step.points_gained for step in steps] == [10, 100]


def test_a_file_that_alone_is_missing_waits_for_nothing() -> None:
    indicators = {"4.1": indicator(0, 100, 2), "4.2": indicator(0, 100, 20)}
    steps = plan(situation(indicators, BOTH[:1] + BOTH[2:3], [10_000]), 1)
    assert [(step.action, step.units_of_work) for step in steps] == [
        ("attach_file", 1),
        ("attach_result", 1),
    ]


def test_out_of_reach_the_plan_leads_as_far_as_it_goes() -> None:
    ward = situation({"4.1": indicator(5, 10)}, [Work("attach_result", "", ("4.1",), 2)], [900])
    [step] = plan(ward, 1)
    assert (step.cumulative_score, step.cumulative_rank) == (420, 2)


def test_a_code_cannot_leave_its_quotes_in_the_query_of_the_evidence() -> None:
    ward = situation({"4.1": indicator(5, 10)}, [Work("attach_result", "", ("4.1",), 2)], [900])
    hostile = Situation(**(vars(ward) | {"unit_code": "X' or '1'='1"}))
    [step] = plan(hostile, 1)
    assert "unit_code = 'X'' or ''1''=''1' and" in evidence_query(hostile, step)
