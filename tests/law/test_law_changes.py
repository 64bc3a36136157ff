"""A law that changes on 1 January 2027, as rows only: each year is scored by its own law.

A ward's year ends with four dossiers and two petitions, and begins with as many, done alike. From
2027-01-01 on, in portal-2026: 3.6 has 5 points instead of 6, 4.1 has 7 instead of 6, and 4.3 needs
100 % instead of 80 %; petitions are to be answered within 10 working days instead of 15; a total is
`trung_binh` from 47 points instead of 50; and there is a third profile, in which 2.1 has 10 points
and 5.4 has 16.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chiso766 import settings
from chiso766.build import build_marts
from chiso766.errors import ChisoError
from chiso766.gate import open_gate

from ..deliveries import deliver, load_days, select

Row = dict[str, Any]

WARD = "L27.1"
LAST = date(2027, 1, 31)
OLD_PERIODS = [("month", "2026-12-01"), ("quarter", "2026-10-01"), ("year", "2026-01-01")]
NEW_PERIODS = [("month", "2027-01-01"), ("quarter", "2027-01-01"), ("year", "2027-01-01")]
MARTS = (
    "fct_indicator",
    "fct_indicator_by_procedure",
    "fct_group_score",
    "fct_scorecard",
    "indicator_evidence",
)


def deliver_both_years() -> None:
    units = [
        {"MaDonVi": "L27", "TenDonVi": "Tỉnh L27", "Cap": "tinh"},
        {"MaDonVi": WARD, "TenDonVi": "Phường L27.1", "Cap": "xa", "MaDonViCha": "L27"},
    ]
    procedure = {"MaTTHC": "1.000027", "CapThucHien": "xa", "TrangThai": "cong_khai", "LePhi": 8000}
    petitions = [
        petition("PA-1", sent="2026-12-07", answered="2026-12-23"),  # on working day 12
        petition("PA-2", sent="2026-12-21", answered="2027-01-07"),  # 12, as 1 January is off
        petition("PA-3", sent="2027-01-04", answered="2027-01-20"),  # 12
        petition("PA-4", sent="2027-01-04", answered="2027-01-11"),  # 5
    ]
    deliver("units", "don_vi.csv", units, LAST)
    deliver("procedures", "thu_tuc.csv", [procedure], LAST)
    deliver("dossiers", "ho_so.jsonl", [*dossiers("20261207"), *dossiers("20270111")], LAST)
    deliver("petitions", "pakn.csv", petitions, LAST)


def petition(code: str, sent: str, answered: str) -> Row:
    row = {"MaPAKN": code, "MaDonVi": WARD, "NgayGui": sent}
    return row | {"NgayTraLoi": answered, "NgayCongKhai": answered}


def dossiers(day: str) -> Iterator[Row]:
    """Four, in time: 2 paid online (3.6), 1 with an electronic result (4.1), 2 reusing (4.3)."""
    for number in range(1, 5):
        yield {
            "MaHoSo": f"{WARD}-{day}-{number}",
            "MaTTHC": "1.000027",
            "TrangThaiHoSo": 10,
            "NgayTiepNhan": f"{day}080000",
            "NgayHenTra": f"{day}170000",
            "NgayKetThucXuLy": f"{day}100000",
            "DuocThanhToanTrucTuyen": int(number <= 2),
            "HoSoCoThanhPhanSoHoa": int(number <= 2),
            "DanhSachLePhi": [{"Gia": 8000}],
            "DanhSachGiayToKetQua": [{"DuongDanTepTinKetQua": "ket-qua.pdf"}] * (number == 1),
        }


class Law:
    """A copy of the dbt project, in which rows of the law may be changed and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(settings.PROJECT_ROOT / "dbt", folder / "dbt")

    def change(self, first_day: str, seed: str, which: Row, **cells: Any) -> None:
        """Close the open rows that are meant, and put changed ones after them."""
        last_day = (date.fromisoformat(first_day) - timedelta(days=1)).isoformat()
        meant = which | {"valid_to": "9999-12-31"}
        rows = []
        for row in self.rows(seed):
            if all(row[column] == value for column, value in meant.items()):
                rows.append(row | {"valid_to": last_day})
                rows.append(row | {"valid_from": first_day} | cells)
            else:
                rows.append(row)
        self.write(seed, rows)

    def add_profile_from_2027(self, profile: str, like: str, maxima: dict[str, int]) -> None:
        rows = self.rows("scoring_rules")
        for row in [row for row in rows if row["profile"] == like]:
            maximum = maxima.get(row["indicator_code"], row["max_score"])
            rows.append(
                row | {"profile": profile, "max_score": maximum, "valid_from": "2027-01-01"}
            )
        self.write("scoring_rules", rows)

    def rows(self, seed: str) -> list[Row]:
        with self._file(seed).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def write(self, seed: str, rows: list[Row]) -> None:
        with self._file(seed).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def _file(self, seed: str) -> Path:
        return self.folder / "dbt" / "seeds" / "law" / f"{seed}.csv"

    def build(self) -> None:
        """Build the marts by this law."""
        given = replace(settings.load(), project_root=self.folder)
        with pytest.MonkeyPatch.context() as project:
            project.setattr(settings, "load", lambda: given)
            build_marts()


def marts_of(periods: list[tuple[str, str]]) -> dict[str, list[Row]]:
    """The rows of the marts of these periods, in one order."""
    return {
        mart: select(
            f"select * from marts.{mart} as mart"
            " where (period_type, period_start::text) in"
            " (select * from unnest(%s::text[], %s::text[])) order by mart::text",
            [period_type for period_type, _ in periods],
            [period_start for _, period_start in periods],
        )
        for mart in MARTS
    }


@pytest.fixture(scope="module")
def by_the_old_law(warehouse: Path) -> dict[str, list[Row]]:
    """What the marts said of 2026 before the law changed."""
    deliver_both_years()
    load_days(LAST)
    build_marts()
    open_gate()
    return marts_of(OLD_PERIODS)


@pytest.fixture(scope="module")
def changed_law(
    by_the_old_law: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> Law:
    """The law that changes in 2027, by which the published marts were built."""
    law = Law(tmp_path_factory.mktemp("changed"))
    # before the changes of portal-2026, which end its rows
    law.add_profile_from_2027("tinh-2027", like="portal-2026", maxima={"2.1": 10, "5.4": 16})
    for code, cells in {
        "3.6": {"max_score": 5},
        "4.1": {"max_score": 7},
        "4.3": {"target_ratio": 1},
    }.items():
        which = {"profile": "portal-2026", "indicator_code": code}
        law.change("2027-01-01", "scoring_rules", which, **cells)
    # Rows that are in force on one day alone, the last of every period of the old year.
    answer, middling = {"limit_code": "petition_answer"}, {"rating": "trung_binh"}
    law.change("2026-12-31", "working_day_limits", answer)
    law.change("2027-01-01", "working_day_limits", answer, working_days=10)
    law.change("2026-12-31", "ratings", middling)
    law.change("2027-01-01", "ratings", middling, min_score=47)
    law.build()
    open_gate()
    return law


def scores(indicator_code: str, profile: str = "portal-2026") -> dict[tuple[str, str], Decimal]:
    """The ward's score by period."""
    rows = select(
        "select period_type, period_start, score from marts.fct_indicator"
        " where unit_code = %s and indicator_code = %s and profile = %s",
        WARD,
        indicator_code,
        profile,
    )
    return {(row["period_type"], str(row["period_start"])): row["score"] for row in rows}


def in_both_years(old: str, new: str) -> dict[tuple[str, str], Decimal]:
    return dict.fromkeys(OLD_PERIODS, Decimal(old)) | dict.fromkeys(NEW_PERIODS, Decimal(new))


@pytest.mark.parametrize(
    ("indicator_code", "old", "new"),
    [
        ("3.6", "3.00", "2.50"),  # 2 of 4: of 6 points, of 5
        ("4.1", "1.50", "1.75"),  # 1 of 4: of 6 points, of 7
        ("4.3", "1.25", "1.00"),  # 2 of 4: 2 points for 80 %, for 100 %
        ("2.1", "20.00", "20.00"),
    ],
)
def test_each_period_is_scored_by_the_rule_in_force_on_its_last_day(
    changed_law: Law, indicator_code: str, old: str, new: str
) -> None:
    assert scores(indicator_code) == in_both_years(old, new)


@pytest.mark.parametrize(
    ("indicator_code", "score"), [("3.6", "3"), ("4.1", "1.5"), ("4.3", "1.25")]
)
def test_a_profile_that_does_not_change_stays(
    changed_law: Law, indicator_code: str, score: str
) -> None:
    assert scores(indicator_code, "decision-766-text") == in_both_years(score, score)


def test_a_shorter_time_limit_judges_the_periods_that_end_in_its_time(changed_law: Law) -> None:
    """2026: PA-1 answered on day 12, PA-2 open; 2027: PA-2 and PA-3 on day 12, PA-4 on day 5."""
    assert scores("5.2") == in_both_years("6.00", "2.00")


def test_a_total_is_rated_by_the_minima_of_its_year(changed_law: Law) -> None:
    """By the old year's, 47.25 would be below the 50 points of `trung_binh`."""
    rows = select(
        "select period_type, period_start, total_score, rating from marts.fct_scorecard"
        " where unit_code = %s and profile = 'portal-2026'",
        WARD,
    )
    rated = {
        (row["period_type"], str(row["period_start"])): (row["total_score"], row["rating"])
        for row in rows
    }
    old, new = (Decimal("55.75"), "trung_binh"), (Decimal("47.25"), "trung_binh")
    assert rated == dict.fromkeys(OLD_PERIODS, old) | dict.fromkeys(NEW_PERIODS, new)


def test_a_group_sums_the_maxima_of_its_year(changed_law: Law) -> None:
    """TTTT: 3.5a and 3.5b 2 points each, and 3.6."""
    rows = select(
        "select period_start, score, max_score from marts.fct_group_score where unit_code = %s"
        " and group_code = 'TTTT' and profile = 'portal-2026' and period_type = 'year'"
        " order by period_start",
        WARD,
    )
    assert [(str(row["period_start"]), row["score"], row["max_score"]) for row in rows] == [
        ("2026-01-01", 7, 10),
        ("2027-01-01", Decimal("6.5"), 9),
    ]


def test_a_new_profile_scores_the_periods_from_its_first_day(changed_law: Law) -> None:
    assert scores("2.1", "tinh-2027") == dict.fromkeys(NEW_PERIODS, 10)
    assert scores("5.4", "tinh-2027") == dict.fromkeys(NEW_PERIODS, 16)
    assert scores("3.6", "tinh-2027") == dict.fromkeys(NEW_PERIODS, 3)


def test_the_old_year_is_as_it_was(by_the_old_law: dict[str, list[Row]], changed_law: Law) -> None:
    assert marts_of(OLD_PERIODS) == by_the_old_law
    assert all(by_the_old_law.values())


def test_a_broken_law_fails_the_build_with_its_sentence_and_leaves_the_marts(
    changed_law: Law,
) -> None:
    before = marts_of(OLD_PERIODS + NEW_PERIODS)
    rules = changed_law.rows("scoring_rules")
    rule = next(row for row in rules if row["valid_from"] == "2027-01-01")
    key = ", ".join(rule[column] for column in ("profile", "indicator_code", "unit_level"))
    rule["valid_from"] = "2027-02-01"
    changed_law.write("scoring_rules", rules)
    with pytest.raises(ChisoError) as failure:
        changed_law.build()
    sentence = (
        f"Tệp dbt/seeds/law/scoring_rules.csv, dòng {key}: từ 2027-01-01 đến 2027-01-31 không có"
        " dòng nào hiệu lực, hãy sửa valid_from, valid_to cho các dòng nối tiếp nhau, rồi chạy lại"
        " đêm đó; số liệu đã công bố vẫn giữ nguyên."
    )
    assert str(failure.value) == sentence
    [newest] = select("select state, error from ops.build order by build_id desc limit 1")
    assert newest == {"state": "failed", "error": sentence}
    assert marts_of(OLD_PERIODS + NEW_PERIODS) == before
