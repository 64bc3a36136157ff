"""The forecast, worked by hand on small wards.

As of Thursday 15 October 2026, 11 working days of the month are left (16, 19–23, 26–30), and 54 of
the quarter and the year. Every ward has its own history, so none of them touches another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from math import exp
from typing import Any

import pytest

from chiso766.build import build_marts
from chiso766.gate import open_gate
from chiso766.sample.working_hours import is_working_day

from ..deliveries import deliver, load_days, select

Row = dict[str, Any]

DAY, LAST_OF_MONTH = date(2026, 10, 15), date(2026, 10, 31)
FIRST_OF_WINDOW = date(2026, 8, 19)  # of 40 working days
STEADY, PROMISED, NEW, EMPTY, USING, DIGITISING, ANSWERING = (f"F.{n}" for n in range(1, 8))


@pytest.fixture(scope="module")
def forecast(warehouse: object) -> None:
    wards = [
        {"MaDonVi": code, "TenDonVi": f"Phường {code}", "Cap": "xa", "MaDonViCha": "F"}
        for code in (STEADY, PROMISED, NEW, EMPTY, USING, DIGITISING, ANSWERING)
    ]
    province = {"MaDonVi": "F", "TenDonVi": "Tỉnh F", "Cap": "tinh"}
    deliver("units", "don_vi.csv", [province, *wards], DAY)
    deliver("procedures", "thu_tuc.csv", procedures(), DAY)
    deliver("announcements", "cong_bo.csv", announcements(), DAY)
    deliver("petitions", "pakn.csv", petitions(), DAY)
    dossiers = [*steady(), *promised(), *new(), *using(), *digitising(), *answering()]
    deliver("dossiers", "ho_so.jsonl", dossiers, DAY)
    build(DAY)


def build(day: date) -> None:
    load_days(day)
    build_marts()
    open_gate()


def procedures() -> Iterator[Row]:
    """One without a fee, which most dossiers are of, and four with one."""
    for number in range(5):
        fee = 8000 if number else 0
        row = {"MaTTHC": f"1.{number:06}", "CapThucHien": "xa", "TrangThai": "cong_khai"}
        yield row | {"LePhi": fee, "CoKetQuaGiayTo": 1}


def announcements() -> Iterator[Row]:
    """A decision of last month on two procedures, both in time."""
    for number in (1, 2):
        yield {
            "SoQuyetDinh": "1/QĐ",
            "NgayQuyetDinh": "20260910",
            "MaDonVi": "F",
            "LoaiCongBo": "sua_doi",
            "MaTTHC": f"1.{number:06}",
            "NgayHieuLuc": "20261010",
            "NgayCongKhai": "20260911",
        }


def petitions() -> Iterator[Row]:
    """Due on 24 September, one in time and one not; and one that is due on 26 October."""
    for number, sent, answered in (
        (1, "20260903", "20260908"),
        (2, "20260903", "20260930"),
        (3, "20261005", ""),
    ):
        yield {
            "MaPAKN": f"PA-{number}",
            "MaDonVi": ANSWERING,
            "NgayGui": sent,
            "NgayTraLoi": answered,
            "NgayCongKhai": answered,
        }
    yield {"MaPAKN": "PA-4", "MaDonVi": EMPTY, "NgayGui": "20261005"}


def dossier(ward: str, number: int, received: date, due: str, done: str = "", **more: Any) -> Row:
    row = {
        "MaHoSo": f"{ward}-{received:%y%m%d}-{number}",
        "MaTTHC": "1.000000",
        "TrangThaiHoSo": 9 if done else 4,
        "NgayTiepNhan": f"{received:%Y%m%d}080000",
        "NgayHenTra": due,
        "NgayKetThucXuLy": f"{done}160000" if done else "",
    }
    return row | more


def steady() -> Iterator[Row]:
    """Two on each working day of the window, finished that day; one of them online."""
    for days in range((DAY - FIRST_OF_WINDOW).days + 1):
        day = FIRST_OF_WINDOW + timedelta(days=days)
        if is_working_day(day.toordinal()):
            for channel in (1, 2):
                yield dossier(STEADY, channel, day, f"{day:%Y%m%d}", f"{day:%Y%m%d}") | {
                    "KenhThucHien": channel
                }


def promised() -> Iterator[Row]:
    """Four of five working days each: two days late, on the last day, one and three days early; and
    two open ones, due in two working days and next month."""
    for number, done in enumerate(("20260916", "20260914", "20260911", "20260909")):
        yield dossier(PROMISED, number, date(2026, 9, 7), "20260914", done)
    yield dossier(PROMISED, 1, date(2026, 10, 14), "20261019")
    yield dossier(PROMISED, 2, date(2026, 10, 14), "20261110")


def new() -> Iterator[Row]:
    yield dossier(NEW, 1, DAY, "20261022")


def using() -> Iterator[Row]:
    """Of four procedures with a fee one was used this month, one twice and one once before."""
    used = {1: (FIRST_OF_WINDOW, date(2026, 10, 12)), 2: (date(2026, 9, 3), date(2026, 9, 10))}
    for number, days in {**used, 3: (date(2026, 9, 10),)}.items():
        for day in days:
            yield dossier(USING, number, day, f"{day:%Y%m%d}", f"{day:%Y%m%d}") | {
                "MaTTHC": f"1.{number:06}",
                "DanhSachLePhi": [{"Gia": 8000}],
            }


def digitising() -> Iterator[Row]:
    """Four finished in two days, three with a result; two open, due in October and November."""
    result = {"DanhSachGiayToKetQua": [{"MaKetQua": "KQ", "DuongDanTepTinKetQua": "kq.pdf"}]}
    for number in range(4):
        row = dossier(DIGITISING, number, date(2026, 9, 7), "20260914", "20260909")
        yield row | (result if number else {})
    yield dossier(DIGITISING, 1, date(2026, 10, 14), "20261019")
    yield dossier(DIGITISING, 2, date(2026, 10, 14), "20261110")


def answering() -> Iterator[Row]:
    yield dossier(ANSWERING, 1, DAY, "20261022")


def row_of(ward: str, period: str = "month") -> Row:
    [row] = select(
        "select * from marts.score_forecast where unit_code = %s and period_type = %s", ward, period
    )
    return row


def indicator(ward: str, code: str, period: str = "month") -> Row:
    [row] = select(
        "select * from marts.score_forecast_indicator"
        " where unit_code = %s and period_type = %s and indicator_code = %s",
        ward,
        period,
        code,
    )
    return row


def expected(ward: str, code: str, period: str = "month") -> tuple[float, float]:
    row = indicator(ward, code, period)
    return float(row["numerator_expected"]), float(row["denominator_expected"])


def near(*values: float) -> Any:
    """Counts as the mart shows them, with two decimals."""
    return pytest.approx(values if len(values) > 1 else values[0], abs=0.006)


@pytest.mark.usefixtures("forecast")
class TestInTheMiddleOfTheMonth:
    def test_the_current_month_quarter_and_year_are_forecast(self) -> None:
        rows = select(
            "select period_type, period_start, ends_on, working_days_left"
            " from marts.score_forecast where unit_code = 'F' order by period_type"
        )
        assert [tuple(row.values()) for row in rows] == [
            ("month", date(2026, 10, 1), date(2026, 10, 31), 11),
            ("quarter", date(2026, 10, 1), date(2026, 12, 31), 54),
            ("year", date(2026, 1, 1), date(2026, 12, 31), 54),
        ]

    def test_a_unit_that_received_no_dossier_has_no_row(self) -> None:
        rows = select("select distinct unit_code from marts.score_forecast")
        units = {"F", STEADY, PROMISED, NEW, USING, DIGITISING, ANSWERING}
        assert {row["unit_code"] for row in rows} == units

    def test_a_steady_pace_goes_on(self) -> None:
        row = row_of(STEADY)
        assert (row["received_now"], row["received_expected"]) == (22, 44)
        assert row_of(STEADY, "quarter")["received_expected"] == 22 + 2 * 54
        assert expected(STEADY, "3.3") == near(22, 44)
        assert expected(STEADY, "1.4") == near(44, 44)

    def test_what_has_never_been_late_is_taken_to_be_late_once_in_twice_as_many(self) -> None:
        # 80 were due in the window; the half of one more is late
        assert expected(STEADY, "2.1") == near(44 - 22 * 0.5 / 81, 44)

    def test_somebody_may_be_displeased_with_what_is_finished_in_time(self) -> None:
        # all that comes is finished by the end, in time and pleasing but for such a half of one
        assert expected(STEADY, "5.4") == near(22 + 22 * (1 - 0.5 / 81) ** 2, 44)

    def test_an_open_dossier_is_late_as_often_as_those_that_were_open_as_long(self) -> None:
        # Two days before their due day three of four were open, and one of these came late; one
        # more has the usual share (1 + ½) / (4 + 1). The other open one is due after the month.
        open_late = (1 + 0.3) / (3 + 1)
        # 6 dossiers in 29 working days; one with 5 days to go can be late on 6 of the 11 days.
        coming = 6 / 29 * 11
        late = open_late + coming * 0.3 * 6 / 11
        assert expected(PROMISED, "2.1") == near(2 + coming - late, 2 + coming)
        assert (row_of(PROMISED)["late_now"], row_of(PROMISED)["late_expected"]) == (0, 1)

    def test_one_that_is_due_after_the_month_may_be_late_in_the_quarter(self) -> None:
        # None was open so long before its due day: the usual share.
        coming = 6 / 29 * 54
        late = (1 + 0.3) / (3 + 1) + 0.3 + coming * 0.3 * 49 / 54
        assert expected(PROMISED, "2.1", "quarter") == near(2 + coming - late, 2 + coming)

    def test_without_history_the_pace_is_that_of_the_first_day_and_nothing_is_late(self) -> None:
        assert row_of(NEW)["received_expected"] == 1 + 11
        assert expected(NEW, "2.1") == near(12, 12)

    def test_a_procedure_is_used_at_its_pace_and_an_unused_one_as_those_used_once(self) -> None:
        def by_end(uses: float, days_left: int) -> float:
            return 1 - exp(-uses / 40 * days_left)

        # One was used once, two twice: of every use before, 1 / (1 + 2 · 2) is taken for luck.
        def month_or_quarter(days_left: int) -> float:
            return (
                1 + by_end(2 - 0.2, days_left) + by_end(1 - 0.2, days_left) + by_end(1, days_left)
            )

        assert expected(USING, "3.5a") == near(month_or_quarter(11), 4)
        assert expected(USING, "3.5a", "quarter") == near(month_or_quarter(54), 4)
        assert expected(USING, "3.5a", "year") == near(3 + by_end(1, 54), 4)

    def test_results_come_with_the_finish(self) -> None:
        # Three of four finished ones have a result, no open one has. One is finished this month;
        # of the coming ones those of the first 9 of 11 days, as two days were taken.
        coming = 6 / 29 * 11
        assert expected(DIGITISING, "4.1") == near(0.75 + coming * 9 / 11 * 0.75, 2 + coming)

    def test_the_spread_is_one_standard_deviation_in_points(self) -> None:
        coming = 6 / 29 * 11
        coming_in = coming * 9 / 11 * 0.75
        coming_out = coming - coming_in
        ratio = (0.75 + coming_in) / (2 + coming)
        variance = 0.75 * 0.25  # the open one
        variance += coming_in * coming_out / 6  # the share, told by 6 dossiers
        variance += coming_in * (1 - ratio) ** 2 + coming_out * ratio**2  # how many come
        points = 6 * variance**0.5 / (2 + coming)
        assert float(indicator(DIGITISING, "4.1")["spread"]) == pytest.approx(points, abs=0.01)

    def test_an_open_petition_is_late_as_often_as_those_that_were_open_as_long(self) -> None:
        # Seven days before its deadline one was open, and came late; of both the half did. What
        # comes now has a deadline next month.
        coming = 3 / 31 * 11
        assert expected(ANSWERING, "5.2") == near(1 + coming - (1 + 0.5) / (1 + 1), 1 + coming)

    def test_where_nothing_is_counted_yet_perhaps_nothing_comes(self) -> None:
        # One decision in 40 working days, on two procedures; as one more, half in time, makes 3/4.
        row = indicator("F", "1.1")
        assert (row["denominator_now"], row["score_now"]) == (0, 0)
        assert expected("F", "1.1") == near(2 / 40 * 11 * 0.75, 2 / 40 * 11)
        points = 0.75 * 6 * (1 - exp(-11 / 40))
        assert float(row["score_expected"]) == pytest.approx(points, abs=0.006)
        assert indicator(NEW, "1.1")["score_expected"] == row["score_expected"]

    def test_a_province_expects_what_its_wards_expect(self) -> None:
        [wards] = select(
            "select sum(numerator_expected) as numerator, sum(denominator_expected) as denominator"
            " from marts.score_forecast_indicator"
            " where unit_code <> 'F' and period_type = 'month' and indicator_code = '2.1'"
        )
        given = pytest.approx((float(wards["numerator"]), float(wards["denominator"])), abs=0.05)
        assert expected("F", "2.1") == given

    def test_the_indicators_explain_the_total_and_the_score_now_is_the_published_one(self) -> None:
        differing = select(
            "select * from marts.score_forecast as forecast"
            " join marts.fct_scorecard using (unit_code, period_type, period_start)"
            " join (select unit_code, period_type, period_start, sum(score_now) as now,"
            "  sum(score_expected) as then from marts.score_forecast_indicator"
            "  group by unit_code, period_type, period_start) as explained"
            "  using (unit_code, period_type, period_start)"
            " where profile = 'portal-2026' and (score_now <> total_score"
            "  or now <> score_now or explained.then <> expected_score)"
        )
        assert differing == []

    def test_80_percent_lie_within_1_28_deviations_of_indicators_that_go_together(self) -> None:
        together = (
            {"2.1", "5.4"},
            {"5.2", "5.3"},
            {"3.2", "3.5a", "3.5b", "4.5a"},
            {"4.1", "4.2", "4.3", "4.4", "4.5b"},
            {"1.4", "3.3", "3.6"},
            {"1.1", "1.2"},
        )
        for ward in (STEADY, DIGITISING):
            spreads = [
                sum(float(indicator(ward, code)["spread"]) for code in codes) for codes in together
            ]
            deviation = sum(spread**2 for spread in spreads) ** 0.5
            row = row_of(ward)
            for bound in (row["low_score"], row["high_score"]):
                distance = abs(float(bound - row["expected_score"]))
                assert distance == pytest.approx(1.2816 * deviation, abs=0.01)

    def test_the_interval_holds_the_expected_score(self) -> None:
        for row in select("select * from marts.score_forecast"):
            assert 0 <= row["low_score"] < row["expected_score"] < row["high_score"] <= 100


@pytest.mark.usefixtures("forecast")
def test_when_nothing_is_left_of_the_month_its_score_is_certain() -> None:
    deliver(
        "units",
        "don_vi.csv",
        [{"MaDonVi": "F", "TenDonVi": "Tỉnh F", "Cap": "tinh"}],
        LAST_OF_MONTH,
    )
    build(LAST_OF_MONTH)
    for row in select("select * from marts.score_forecast where period_type = 'month'"):
        assert row["working_days_left"] == 0
        assert {row["expected_score"], row["low_score"], row["high_score"]} == {row["score_now"]}
        assert row["received_expected"] == row["received_now"] > 0
        assert row["late_expected"] == row["late_now"]
    for row in select("select * from marts.score_forecast_indicator where period_type = 'month'"):
        assert row["spread"] == Decimal(0)
        assert row["score_expected"] == row["score_now"]
        assert row["numerator_expected"] == row["numerator_now"]
