"""The ranking and the difference from the portal as they move from night to night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from chiso766.build import build_marts
from chiso766.gate import open_gate

from ..deliveries import DOSSIER, Row, deliver, load_days, select

A_MONTH_AGO, NIGHT_BEFORE, NIGHT = date(2026, 10, 20), date(2026, 11, 19), date(2026, 11, 20)
WARD, HIGHER, HIGHEST, UNPUBLISHED = "H24.999", "H24.101", "H24.102", "H24.103"
MONTH = "period_type = 'month' and period_start = '2026-11-01'"


def total(unit: str, period: str, score: str) -> Row:
    return {
        "period": period,
        "unit_code": unit,
        "unit_level": "COMMUNE",
        "metric": "TOTAL",
        "score": score,
    }


def dossier(code: str, status: str = "10") -> Row:
    return DOSSIER | {"MaHoSo": code, "TrangThaiHoSo": status}


def publish() -> dict[str, Row]:
    """Build and publish; returns the month's ranking by unit."""
    build_marts()
    open_gate()
    return {
        row["unit_code"]: row for row in select(f"select * from marts.unit_ranking where {MONTH}")
    }


@pytest.fixture(scope="module")
def nights(
    warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Row], dict[str, Row]]]:
    """The ranking of the night before and of the night."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(tmp_path_factory.mktemp("ranking") / "home"))
        units = [
            {"MaDonVi": code, "TenDonVi": f"Phường {code}", "Cap": "xa", "MaDonViCha": "H24"}
            for code in (WARD, HIGHER, HIGHEST, UNPUBLISHED)
        ]
        province = {"MaDonVi": "H24", "TenDonVi": "Tỉnh", "Cap": "tinh", "MaDonViCha": ""}
        deliver("units", "don_vi.csv", [province, *units], A_MONTH_AGO)
        mine = [dossier(f"{code}-261020-0001") for code in (WARD, UNPUBLISHED)]
        deliver("dossiers", "ho_so.jsonl", mine, A_MONTH_AGO)
        october = [total(WARD, "2026-10", "75"), total(HIGHER, "2026-10", "60")]
        deliver("portal_scores", "cong.csv", october, A_MONTH_AGO)
        november = [total(HIGHER, "2026-11", "60"), total(HIGHEST, "2026-11", "70")]
        before = [total(WARD, "2026-11", "55"), *november]
        deliver("portal_scores", "cong.csv", before, NIGHT_BEFORE)
        load_days(A_MONTH_AGO, NIGHT_BEFORE)
        first = publish()
        after = [
            total(WARD, "2026-11", "65"),
            # what is said of October now was not known a month ago
            total(WARD, "2026-10", "50"),
            total(WARD, "2026-11", "") | {"metric": "DOSSIER_ON_TIME", "denominator": "9"},
        ]
        deliver("portal_scores", "cong.csv", after, NIGHT)
        deliver("dossiers", "ho_so.jsonl", [dossier(f"{WARD}-261120-0002", "44")], NIGHT)
        load_days(NIGHT)
        yield first, publish()


def test_the_place_of_the_last_night_is_that_which_was_published_then(
    nights: tuple[dict[str, Row], dict[str, Row]],
) -> None:
    first, second = nights
    assert {row["rank_last_night"] for row in first.values()} == {None}
    assert first[WARD]["rank"] > second[WARD]["rank"]
    assert {unit: row["rank_last_night"] for unit, row in second.items()} == {
        unit: row["rank"] for unit, row in first.items()
    }
    assert (second[UNPUBLISHED]["source"], second[HIGHEST]["total_score"]) == ("own", 70)


def test_a_month_ago_counts_what_was_known_then_of_the_month_before(
    nights: tuple[dict[str, Row], dict[str, Row]],
) -> None:
    _, second = nights
    assert second[WARD]["rank_last_month"] == 1
    assert second[HIGHER]["rank_last_month"] == 2
    assert second[HIGHEST]["rank_last_month"] is None
    past = select(
        "select rank_last_month from marts.unit_ranking where period_start = '2026-10-01'"
        " and period_type = 'month'"
    )
    assert past
    assert {row["rank_last_month"] for row in past} == {None}


def test_a_dossier_that_is_set_aside_may_be_what_the_portal_counts(
    nights: tuple[dict[str, Row], dict[str, Row]],
) -> None:
    found = select(
        "select distinct evidence_key from marts.portal_difference"
        f" where unit_code = %s and {MONTH} and indicator_code = '2.1' and cause = 'set_aside'",
        WARD,
    )
    assert [row["evidence_key"] for row in found] == [f"{WARD}-261120-0002"]
