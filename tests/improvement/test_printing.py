"""What ./chiso plan says of a unit, in every way that it can stand."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Console

from chiso766 import improvement
from chiso766.period import Period
from chiso766.plan import Plan, print_plan
from chiso766.situation import Situation
from chiso766.solver import Work

from .cases import indicator

# 5 of 10 results: 3 points; each of the two that can be attached earns 0.60.
WARD = Situation(
    unit_code="H24.999",
    unit_name="Phường Mẫu",
    unit_level="commune",
    period=Period("month", date(2026, 11, 1)),
    score=7300,
    published=None,
    rivals=[8000, 7360, 7360],
    indicators={"4.1": indicator(5, 10), "2.1": indicator(30, 40, 20)},
    work=[Work("attach_result", "", ("4.1",), 2)],
)


def said(situation: Situation, target_rank: int, **more: Any) -> str:
    """All that is printed, without the line breaks of the console."""
    plan = Plan(
        situation=situation,
        target_rank=target_rank,
        as_of_day=date(2026, 11, 20),
        steps=improvement.plan(situation, target_rank),
        **{"limits": [], "in_time": {}, **more},
    )
    console = Console(file=io.StringIO(), width=200)
    print_plan(plan, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_where_the_unit_stands_and_what_it_needs() -> None:
    text = said(WARD, 3)
    assert "Phường Mẫu – Tháng 11/2026: điểm tự tính đến hết ngày 20/11/2026 là 73,00.\n" in text
    assert "Theo điểm tự tính, đơn vị xếp thứ 4 trong 4 xã, phường, đặc khu.\n" in text
    assert "Để xếp thứ 3 cần 73,60 điểm, còn thiếu 0,60.\n" in text
    assert "Làm hết 1 bước thì được 73,60 điểm, xếp thứ 2.\n" in text
    assert "Cần giữ" not in text
    assert "Không còn lấy lại" not in text


def test_a_published_score_is_said_beside_the_own_one() -> None:
    text = said(replace(WARD, published=7255), 3)
    assert "là 73,00; Cổng DVCQG công bố: 72,55.\n" in text


def test_a_place_that_is_reached_needs_nothing() -> None:
    text = said(WARD, 4)
    assert "Đã đạt thứ 4: không cần làm thêm việc nào.\n" in text
    assert "Phương án" not in text
    assert "còn thiếu" not in text


def test_a_place_out_of_reach_says_how_far_the_work_leads() -> None:
    assert (
        "Trong kỳ này không thể xếp thứ 1: làm hết 1 bước thì được 74,20 điểm, xếp thứ 2, vẫn thiếu"
        " 5,80.\n"
    ) in said(WARD, 1)
    assert "Trong kỳ này không thể xếp thứ 1: không còn việc nào tăng điểm.\n" in said(
        replace(WARD, work=[]), 1
    )


def test_a_province_stands_among_provinces() -> None:
    assert "thứ 4 trong 4 tỉnh, thành phố" in said(replace(WARD, unit_level="province"), 1)


def test_what_is_lost_for_the_period_is_listed() -> None:
    limit = {
        "indicator_code": "2.1",
        "reason": "late",
        "reason_name": "đã quá hạn, không lấy lại được",
        "things": 1234,
        "points": Decimal("2.8125"),
    }
    text = said(WARD, 1, limits=[limit])
    assert "Không còn lấy lại được trong kỳ" in text
    [row] = [line for line in text.splitlines() if "đã quá hạn" in line]
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "2.1",
        "đã quá hạn, không lấy lại được",
        "1.234",
        "2,81",
    ]


def test_what_has_to_be_kept_is_said_with_what_it_would_cost() -> None:
    """Of 2.1 (20 points, 40 dossiers) 4 open ones in time are 2 points."""
    assert (
        "Cần giữ đúng hạn: 4 hồ sơ và 0 phản ánh, kiến nghị đang xử lý còn hạn; nếu trễ hết thì kỳ"
        " này mất 2,00 điểm.\n"
    ) in said(WARD, 1, in_time={"2.1": 4})
