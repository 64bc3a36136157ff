"""Seeds that contradict themselves are named in one sentence: the file, the row, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Row = dict[str, Any]
Faults = Callable[[], set[str]]

THE_ROW = "profile = 'portal-2026' and indicator_code = '3.6' and unit_level = 'commune'"
RULES = "Tệp dbt/seeds/law/scoring_rules.csv"
ROW = f"{RULES}, dòng portal-2026, 3.6, commune"
TARGETS = "Tệp dbt/seeds/law/plan_targets.csv"
DAYS = ", hãy sửa valid_from, valid_to cho các dòng nối tiếp nhau"
COLUMNS = (
    "profile, indicator_code, unit_level, scoring, max_score, target_ratio, zero_denominator, "
    "valid_from, valid_to, legal_reference, note"
)


def copied(where: str, **cells: str) -> str:
    """SQL: the rules that are meant, once more with other cells."""
    values = ", ".join(cells.get(column, column) for column in COLUMNS.split(", "))
    return f"insert into law.scoring_rules select {values} from law.scoring_rules where {where};"


def until_2026(where: str) -> str:
    """SQL: the rules that were there from the start end with the year 2026."""
    return (
        "update law.scoring_rules set valid_to = '2026-12-31'"
        f" where {where} and valid_from = '2022-06-23';"
    )


def a_new_profile(valid_from: str) -> str:
    return copied("profile = 'portal-2026'", profile="'tinh-2027'", valid_from=valid_from)


BROKEN = {
    "a gap": (
        copied(THE_ROW, valid_from="date '2027-02-01'") + until_2026(THE_ROW),
        f"{ROW}: từ 2027-01-01 đến 2027-01-31 không có dòng nào hiệu lực{DAYS}",
    ),
    "an overlap": (
        copied(THE_ROW, valid_from="date '2027-01-01'"),
        f"{ROW}: từ 2027-01-01 đến 9999-12-31 có hai dòng cùng hiệu lực{DAYS}",
    ),
    "a rule that ends and is not replaced": (
        until_2026(THE_ROW),
        f"{ROW}: từ 2027-01-01 đến 9999-12-31 không có dòng nào hiệu lực{DAYS}",
    ),
    "a validity that ends before it begins": (
        f"update law.scoring_rules set valid_to = '2022-06-22' where {THE_ROW}",
        f"{ROW}: valid_from 2022-06-23 sau valid_to 2022-06-22{DAYS}",
    ),
    "a level without a rule": (
        f"delete from law.scoring_rules where {THE_ROW}",
        f"{RULES} không có dòng nào của bộ quy tắc portal-2026, chỉ số 3.6, cấp commune:"
        " hãy thêm dòng đó",
    ),
    "maxima of 99": (
        copied(THE_ROW, valid_from="date '2027-01-01'", max_score="5") + until_2026(THE_ROW),
        f"{RULES}, các dòng portal-2026, cấp commune, hiệu lực ngày 2027-01-01: điểm tối đa cộng"
        " lại là 99.00, hãy sửa max_score cho đủ 100",
    ),
    "an unknown zero rule": (
        f"update law.scoring_rules set zero_denominator = 'nothing' where {THE_ROW}",
        f"{ROW}, 2022-06-23: zero_denominator là “nothing”,"
        " hãy ghi một trong các từ absent, zero, full",
    ),
    "an empty cell": (
        f"update law.scoring_rules set legal_reference = null where {THE_ROW}",
        f"{ROW}, 2022-06-23: còn ô trống, hãy ghi đủ các cột scoring, max_score,"
        " zero_denominator, valid_to, legal_reference",
    ),
    "a target above 1": (
        f"update law.scoring_rules set target_ratio = 80 where {THE_ROW}",
        f"{ROW}, 2022-06-23: max_score 6.00, target_ratio 80 không hợp với scoring ratio,"
        " hãy ghi target_ratio từ 0.0001 đến 1, hoặc với unscored thì max_score 0 và để trống"
        " target_ratio",
    ),
    "a profile of which one rule comes later": (
        a_new_profile(
            f"case when {THE_ROW} then date '2027-02-01' else date '2027-01-01' end",
        ),
        f"{RULES}, dòng tinh-2027, 3.6, commune: từ 2027-01-01 đến 2027-01-31 không có dòng nào"
        f" hiệu lực{DAYS}",
    ),
    "a working-day limit that ends": (
        "update law.working_day_limits set valid_to = '2026-12-31'"
        " where limit_code = 'petition_answer'",
        "Tệp dbt/seeds/law/working_day_limits.csv, dòng petition_answer: từ 2027-01-01 đến"
        f" 9999-12-31 không có dòng nào hiệu lực{DAYS}",
    ),
    "no rating for a total of 0": (
        "update law.ratings set min_score = 1 where rating = 'yeu'",
        "Tệp dbt/seeds/law/ratings.csv: từ ngày 2022-06-23 tổng 0 điểm không được xếp loại,"
        " hãy thêm dòng có min_score 0 từ ngày đó",
    ),
    "an indicator without a source": (
        "delete from reference.source_of_indicator where indicator_code = '3.6'",
        "Tệp dbt/seeds/reference/source_of_indicator.csv không có dòng nào của chỉ số 3.6:"
        " hãy thêm dòng đó",
    ),
    "a day off on a Sunday": (
        "update reference.holidays set day = '2026-11-22' where day = '2026-11-24'",
        "Tệp dbt/seeds/reference/holidays.csv, dòng 2026-11-22: hãy sửa ngày hoặc kind, vì off"
        " phải là một ngày từ thứ Hai đến thứ Sáu, working_saturday phải là thứ Bảy",
    ),
    "a plan item without a target": (
        "delete from law.plan_targets where item_code = 'documents'",
        "Tệp dbt/seeds/law/plan_targets.csv không có dòng nào của mục documents: hãy thêm dòng đó",
    ),
    "a share of the plan above 1": (
        "update law.plan_targets set target = 50 where item_code = 'reuse'",
        f"{TARGETS}, dòng reuse, 2026-01-01: target 50 không hợp với mục này,"
        " hãy ghi tỷ lệ từ 0 đến 1, hoặc để trống ở thứ hạng",
    ),
    "a place to reach beside the setting": (
        "update law.plan_targets set target = 10 where item_code = 'rank'",
        f"{TARGETS}, dòng rank, 2026-01-01: target 10 không hợp với mục này,"
        " hãy ghi tỷ lệ từ 0 đến 1, hoặc để trống ở thứ hạng",
    ),
    "a target that ends and is not replaced": (
        "update law.plan_targets set valid_to = '2026-12-31' where item_code = 'reuse'",
        f"{TARGETS}, dòng reuse: từ 2027-01-01 đến 9999-12-31 không có dòng nào hiệu lực{DAYS}",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_law_is_named_in_one_sentence(
    seeds: psycopg.Connection[Row], faults: Faults, change: str, sentence: str
) -> None:
    seeds.execute(change.encode())
    assert faults() == {sentence}


@pytest.mark.parametrize("first_day", ["date '2022-06-23'", "date '2027-01-01'"])
def test_a_new_profile_is_rows_only(
    seeds: psycopg.Connection[Row], faults: Faults, first_day: str
) -> None:
    seeds.execute(a_new_profile(first_day).encode())
    assert faults() == set()
