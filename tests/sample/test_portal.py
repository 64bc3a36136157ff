"""The Portal's answers in a sample are those of the contract, late, and near to the ward's own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from chiso766.sample import write_sample

from .exports_read import FIRST_DAY, LAST_DAY, Exported, Sample

HOME, PROVINCE = "H24.999", "H24"
GROUPS = {"CKMB", "TDGQ", "CLGQ", "MDSH", "MDHL", "TTTT"}
# Of the scoring table: maximum, target.
METRICS: dict[str, dict[str, tuple[str, str]]] = {
    "transparency": {
        "PUBLISH_ON_TIME": ("6", "1"),
        "PUBLIC_UPDATE_ON_TIME": ("4", "1"),
        "PUBLIC_CONTENT_FULL": ("2", "1"),
        "DOSSIER_SYNC": ("6", "1"),
    },
    "dossier-digitized": {
        "ORIGINAL_RESULT_AVAILABLE": ("6", "1"),
        "SO_HOA_GIAY_TO_GIAI_QUYET": ("4", "1"),
        "REUSED_DIGITIZED_DATA": ("2", "0.8"),
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": ("4", "1"),
        "CITIZEN_DATA_CONNECTED_FORMALITY": ("2", "1"),
        "CITIZEN_DATA_CONNECTED_DOSSIER": ("2", "1"),
        "ELECTRONIC_CERTIFIED_COPY": ("2", "1"),
    },
    "handling-satisfaction": {
        "PETITION_CLASSIFICATION_TTHC": ("0", "1"),
        "PETITION_CLASSIFICATION_STAFF": ("0", "1"),
        "PETITION_PROCESSING_ON_TIME": ("6", "1"),
        "PETITION_HANDLING_SATISFACTION": ("6", "1"),
        "DOSSIER_RECEIVING_SATISFACTION": ("6", "0.9"),
    },
}
# The counts of a tree and what they earn: numerator, denominator, maximum, target.
SCORED_COUNTS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "dvc-progress-tree": (("totalOnTime", "totalReceived", "20", "1"),),
    "provide-online-tree": (
        ("onlineDossierCount", "onlineServiceTotal", "4", "1"),
        ("channelOnlineSum", "channelTotalSum", "6", "0.5"),
    ),
    "formality-online-payment-tree": (
        ("totalFeeDossierFormality", "totalFeeFormality", "2", "0.8"),
        ("totalDossierOnlineFormalityPaymentSuccess", "totalFeeFormality", "2", "0.8"),
        ("totalDossierOnlinePaymentSuccess", "totalDossierFinancialObligation", "6", "1"),
    ),
}
OTHER_COUNTS = {
    "dvc-progress-tree": {"avgProcessingDays"},
    "provide-online-tree": {"partialCount", "fullCount", "authorityCount"},
    "formality-online-payment-tree": set[str](),
}
OF_THE_WARD = [*METRICS, *SCORED_COUNTS]


def named(exported: Exported) -> tuple[str, str]:
    """Endpoint and period of an answer."""
    match = re.fullmatch(r"([a-z-]+)_(\d{4}(?:-\d\d|-Q\d)?)\.json", exported.path.name)
    assert match, exported.path.name
    return match[1], match[2]


def answers(sample: Sample, *endpoints: str) -> list[tuple[Exported, str, Any]]:
    """The data of the answers of some endpoints with their period."""
    return [
        (one, named(one)[1], one.row["data"])
        for one in sample.rows("portal_scores")
        if named(one)[0] in endpoints
    ]


def points(numerator: int, denominator: int, maximum: str, target: str) -> Decimal:
    score = Decimal(maximum) * numerator / (Decimal(target) * denominator)
    return min(Decimal(maximum), score.quantize(Decimal("0.01"), ROUND_HALF_UP))


def exact(number: float) -> Decimal:
    return Decimal(repr(number))


def test_every_answer_has_the_envelope_and_the_name_of_an_endpoint(sample: Sample) -> None:
    pulled = sample.rows("portal_scores")
    assert pulled
    for one in pulled:
        assert set(one.row) == {"code", "data", "message"}
        assert one.row["code"] == "OK"
    assert {named(one)[0] for one in pulled} == {"service-results", *OF_THE_WARD}


def test_the_portal_is_pulled_every_monday_and_on_the_last_night(sample: Sample) -> None:
    days = (FIRST_DAY + timedelta(days=number) for number in range(50))
    mondays = {day for day in days if day.weekday() == 0 and day < LAST_DAY}
    assert {one.night for one in sample.rows("portal_scores")} == mondays | {LAST_DAY}


def test_the_periods_are_those_of_the_day_and_until_the_15th_the_month_before(
    sample: Sample,
) -> None:
    periods = defaultdict(set)
    for one, period, _ in answers(sample, "service-results"):
        periods[one.night].add(period)
    longer = {"2026-Q2", "2026"}
    assert periods[date(2026, 4, 20)] == longer | {"2026-04"}
    assert periods[date(2026, 5, 11)] == longer | {"2026-04", "2026-05"}
    assert periods[date(2026, 5, 18)] == longer | {"2026-05"}
    # Nothing of June is counted yet.
    assert periods[date(2026, 6, 1)] == periods[LAST_DAY] == longer | {"2026-05"}


def test_every_unit_of_the_province_has_one_score_in_each_period(sample: Sample) -> None:
    units = {one.row["MaDonVi"]: one.row["TenDonVi"] for one in sample.rows("units")}
    for _, _, rows in answers(sample, "service-results"):
        assert Counter(row["departmentCode"] for row in rows) == Counter(units.keys())
        assert Counter(row["childGroup"] for row in rows)["COMMUNE"] == 114
        assert {row["departmentCode"] for row in rows if row["childGroup"] == "PROVINCE"} == {
            PROVINCE
        }
        for row in rows:
            assert row["departmentName"] == units[row["departmentCode"]]
            assert row["childGroup"] in {"COMMUNE", "AGENCY", "PROVINCE"}
            assert 0 < row["totalScore"] <= 100
            assert row["ratio"] == row["totalScore"]


def test_only_the_province_has_its_groups_and_they_sum_to_its_total(sample: Sample) -> None:
    for _, _, rows in answers(sample, "service-results"):
        for row in rows:
            if row["departmentCode"] != PROVINCE:
                assert row["groupScores"] is None
                continue
            assert set(row["groupScores"]) == GROUPS
            assert sum(map(exact, row["groupScores"].values())) == exact(row["totalScore"])


def test_the_delta_is_the_change_since_the_pull_before(sample: Sample) -> None:
    before: dict[tuple[str, str], Decimal] = {}
    moved = 0
    for _, period, rows in answers(sample, "service-results"):
        for row in rows:
            key, total = (period, row["departmentCode"]), exact(row["totalScore"])
            if key not in before:
                assert row["scoreDelta"] is None
            else:
                assert exact(row["scoreDelta"]) == total - before[key]
                moved += total != before[key]
            before[key] = total
    assert moved > 100


@pytest.mark.parametrize("endpoint", METRICS)
def test_a_metric_of_the_ward_earns_what_the_scoring_table_says(
    sample: Sample, endpoint: str
) -> None:
    for _, period, data in answers(sample, endpoint):
        assert re.fullmatch(r"2026-\d\d", period)
        assert set(data) == {"overview", "evaluation"}
        unit = data["overview"]
        assert unit["departmentCode"] == HOME
        metrics = {one["code"]: one for one in unit["metrics"]}
        assert set(metrics) == set(METRICS[endpoint])
        scores = [exact(one["score"] or 0) for one in unit["metrics"]]
        assert sum(scores) == exact(unit["totalScore"])
        assert unit["totalMaxScore"] == sum(one["maxScore"] for one in unit["metrics"])
        for code, one in metrics.items():
            maximum, target = METRICS[endpoint][code]
            assert one["name"]
            assert one["maxScore"] == float(maximum)
            if code == "ELECTRONIC_CERTIFIED_COPY":
                assert (one["numerator"], one["denominator"], one["score"]) == (None, None, 2)
            elif maximum == "0":
                assert one["score"] is None
            elif one["denominator"]:
                expected = points(one["numerator"], one["denominator"], maximum, target)
                assert exact(one["score"]) == expected
                assert 0 <= one["numerator"] <= one["denominator"]


@pytest.mark.parametrize("endpoint", SCORED_COUNTS)
def test_the_counts_of_the_ward_earn_what_the_scoring_table_says(
    sample: Sample, endpoint: str
) -> None:
    of_unit = {"departmentCode", "departmentName", "level", "totalScore"}
    for _, _, data in answers(sample, endpoint):
        assert set(data) == {"parent", "children"}
        unit = data["parent"]
        assert (unit["departmentCode"], unit["level"]) == (HOME, "COMMUNE")
        counts = {field for pair in SCORED_COUNTS[endpoint] for field in pair[:2]}
        assert set(unit) == of_unit | counts | OTHER_COUNTS[endpoint]
        scores = [
            points(unit[numerator], unit[denominator], maximum, target)
            for numerator, denominator, maximum, target in SCORED_COUNTS[endpoint]
        ]
        assert sum(scores) == exact(unit["totalScore"])


def test_the_six_groups_of_the_ward_sum_to_its_published_total(sample: Sample) -> None:
    groups: dict[tuple[date, str], list[Decimal]] = defaultdict(list)
    for one, period, data in answers(sample, *OF_THE_WARD):
        unit = data.get("overview") or data["parent"]
        groups[one.night, period].append(exact(unit["totalScore"]))
    assert groups
    totals = {
        (one.night, period): exact(row["totalScore"])
        for one, period, rows in answers(sample, "service-results")
        for row in rows
        if row["departmentCode"] == HOME and (one.night, period) in groups
    }
    assert all(len(of_groups) == 6 for of_groups in groups.values())
    assert {key: sum(of_groups) for key, of_groups in groups.items()} == totals


def test_the_portal_counts_the_wards_receipts_until_three_days_before(sample: Sample) -> None:
    """So 1.4 is never measured against more dossiers than the ward received."""
    received = {
        one.row["MaHoSo"]: one.row["NgayTiepNhan"][:8]
        for one in sample.rows("dossiers")
        if one.row["MaHoSo"].startswith(f"{HOME}-") and one.row["NgayTiepNhan"]
    }
    pulled = answers(sample, "transparency")
    assert len(pulled) > 5
    for one, period, data in pulled:
        until = f"{one.night - timedelta(days=3):%Y%m%d}"
        days = [day for day in received.values() if day[:6] == period.replace("-", "")]
        counts = {metric["code"]: metric for metric in data["overview"]["metrics"]}
        assert counts["DOSSIER_SYNC"]["denominator"] == sum(day <= until for day in days) > 0


def test_dirt_leaves_the_answers_as_they_are(sample: Sample, dirty: Sample) -> None:
    assert [one.row for one in sample.rows("portal_scores")] == [
        one.row for one in dirty.rows("portal_scores")
    ]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """As ./chiso demo writes it."""
    directory: Path = tmp_path_factory.mktemp("demo")
    written = write_sample(
        directory,
        units=1,
        dossiers=2000,
        days=30,
        seed=766,
        last_day=date(2026, 11, 30),
        dirt=0.005,
    )
    return Sample(directory, written)


@pytest.mark.parametrize(
    ("period", "own"), [("2026-11", 79.97), ("2026-Q4", 82.69), ("2026", 81.88)]
)
def test_the_demos_ward_has_a_place_worth_improving(demo: Sample, period: str, own: float) -> None:
    """``own``: what chiso766 computes from the dossiers of the demo."""
    [rows] = [
        rows
        for one, of_period, rows in answers(demo, "service-results")
        if (one.night, of_period) == (date(2026, 11, 30), period)
    ]
    communes = {
        row["departmentCode"]: row["totalScore"] for row in rows if row["childGroup"] == "COMMUNE"
    }
    totals = sorted(communes.values(), reverse=True)
    assert communes[HOME] == pytest.approx(own, abs=1)
    assert 30 <= totals.index(communes[HOME]) + 1 <= 45
    assert 2 <= totals[19] - communes[HOME] <= 6
    assert 60 <= totals[-1] < totals[0] <= 92
    assert totals[0] - totals[-1] > 20
