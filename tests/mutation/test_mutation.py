"""The script finds what can be changed, sees a changed rule, and sees nothing where none is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ..compiled import PROJECT, Compiled
from ..golden.cases import all_cases
from .__main__ import equivalents
from .mutants import Mutant, SqlMutant, marked_copy, seed_mutants
from .warehouses import Warehouse, golden_warehouse, server_with_the_law

CASES = (
    "5.2_muoi_lam_ngay_bo_qua_ngay_nghi_24_11",
    "5.2_phan_anh_ton_qua_quy_va_nam",
    "5.4_phan_anh_neu_ten_ho_so",
    "5.4_tre_hoac_qua_han_la_khong_hai_long",
    "moi_chi_so_dat_mot_nua_va_bang_chung",
    "moi_chi_so_mau_so_bang_0",
    "xep_loai_tai_moc_diem",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutation")


@pytest.fixture(scope="module")
def sql_mutants(folder: Path) -> list[SqlMutant]:
    return marked_copy(PROJECT, folder / "project")


@pytest.fixture(scope="module")
def mutants(sql_mutants: list[SqlMutant]) -> Sequence[Mutant]:
    return [*sql_mutants, *seed_mutants(PROJECT)]


@pytest.fixture(scope="module")
def compiled(folder: Path, sql_mutants: list[SqlMutant]) -> Compiled:
    return Compiled(folder / "project")


@pytest.fixture(scope="module")
def warehouse(folder: Path, compiled: Compiled) -> Iterator[Warehouse]:
    cases = [case for case in all_cases() if case.name in CASES]
    with server_with_the_law(folder / "home"):
        yield golden_warehouse(cases, compiled, folder)


def test_comments_texts_and_templates_are_no_places_of_mutants(tmp_path: Path) -> None:
    model = tmp_path / "project" / "models" / "one.sql"
    model.parent.mkdir(parents=True)
    model.write_text(
        "-- a < b and c\n"
        "select '1 = 1' as \"x > y\", a between 3 and b as c{# not d #}\n"
        "from {{ ref('x') if 1 < 2 }} where a <= b and k in (1, 2) or not (c is not null)\n"
        "group by 1, 2\n"
    )
    found = [(one.kind, one.change) for one in marked_copy(model.parents[1], tmp_path / "copy")]
    assert found == [
        ("comparison", "between → between 1 +"),
        ("number", "3 → 4"),
        ("comparison", "and → and -1 +"),
        ("comparison", "<= → <"),
        ("and or", "and → or"),
        ("list", "1 → 2"),
        ("list", "2 → 1"),
        ("and or", "or → and"),
        ("not", "not → nothing"),
        ("null", "is not null → is null"),
    ]


def test_every_mutant_stands_in_what_dbt_compiled(
    sql_mutants: list[SqlMutant], compiled: Compiled
) -> None:
    everything = "\n".join(model.query for model in compiled.models.values())
    assert [one for one in sql_mutants if f"{one.marker}{one.old}" not in everything] == []


def test_without_a_mutant_nothing_is_different(warehouse: Warehouse) -> None:
    assert warehouse.differences() == ""


_5_4 = "models/indicators/MDHL/indicator_5_4.sql"
_PETITION_STATE = "macros/petition_state.sql"
_RULES = "seeds/law/scoring_rules.csv"
# One of each kind: file, part of the line, change.
CHOSEN = {
    "comparison": (_PETITION_STATE, "coalesce(closed_at, seen_at)::date <= deadline_day", "<= → <"),
    "and or": (_5_4, "and not has_petition", "and → or"),
    "not": (_5_4, "and not has_petition", "not → nothing"),
    "list": (_5_4, "state not in", "'late' → 'open_overdue'"),
    "null": (_PETITION_STATE, "when answered_at is not null", "is not null → is null"),
    "truth": (_PETITION_STATE, "where coalesce(closed_at >= starts_at, true)", "true → false"),
    "extreme": ("models/intermediate/int_period.sql", "least(ends_at", "least → greatest"),
    "order": ("models/marts/fct_scorecard.sql", "law.min_score desc", "desc → asc"),
    "number": ("models/marts/fct_group_score.sql", "coalesce(sum(score), 0)", "0 → 1"),
    "max_score": (_RULES, "portal-2026,5.4,commune", "max_score 6 → 7"),
    "target_ratio": (_RULES, "portal-2026,5.4,commune", "target_ratio 0.9 → 0.95"),
    "zero_denominator": (_RULES, "portal-2026,5.4,commune", "zero_denominator zero → full"),
    "scoring": (_RULES, "portal-2026,5.4,commune", "scoring ratio → constant"),
    "working_days": ("seeds/law/working_day_limits.csv", "petition_answer", "working_days 15 → 16"),
    "min_score": ("seeds/law/ratings.csv", "xuat_sac", "min_score 90 → 91"),
    "day off": ("seeds/reference/holidays.csv", "2026-11-24", "row dropped"),
}


@pytest.mark.parametrize("kind", CHOSEN)
def test_a_golden_case_notices(kind: str, mutants: Sequence[Mutant], warehouse: Warehouse) -> None:
    file, text, change = CHOSEN[kind]
    [mutant] = [
        one
        for one in mutants
        if (one.kind, one.place.file, one.change) == (kind, file, change) and text in one.place.text
    ]
    assert warehouse.killer(mutant).startswith("golden: ")


def test_a_mutant_of_every_kind_is_tried_here(mutants: Sequence[Mutant]) -> None:
    assert {one.kind for one in mutants} == CHOSEN.keys()


def test_a_mutant_that_changes_nothing_survives(
    sql_mutants: list[SqlMutant], warehouse: Warehouse
) -> None:
    first = next(one for one in sql_mutants if one.place.file.endswith("int_period.sql"))
    assert warehouse.killer(replace(first, new=first.old)) == ""


def test_a_mutant_that_cannot_be_built_is_broken(
    sql_mutants: list[SqlMutant], warehouse: Warehouse
) -> None:
    first = next(one for one in sql_mutants if one.place.file.endswith("int_naming_petition.sql"))
    broken = replace(first, new="nothing_of_that_name")
    assert warehouse.killer(broken) == "broken: int_naming_petition UndefinedFunction"


def test_every_mutant_said_to_be_equivalent_is_there(mutants: Sequence[Mutant]) -> None:
    found = Counter((one.place.file, one.place.text, one.change) for one in mutants)
    assert [one for one in equivalents() if not found[one]] == []
