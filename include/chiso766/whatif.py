"""What a change of counts would do to the score and place of a unit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, LiteralString

from rich.console import Console
from rich.table import Table

from chiso766 import period as periods
from chiso766 import points, settings
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.points import FACTOR_OF, Indicators
from chiso766.scorecard import count_text, decimal_comma, newest_day
from chiso766.situation import Situation, in_points, situation_of

Row = dict[str, Any]

_FORM = re.compile(r"(?P<code>[0-9.]+[ab]?)=(?P<units>[+-]?[0-9]{1,9})")

_NAMES: LiteralString = "select distinct indicator_code, indicator_name from marts.dim_indicator"


@dataclass(frozen=True)
class Change:
    """An indicator before and after; scores in hundredths of a point."""

    code: str
    name: str
    denominator: Fraction
    numerator_before: Fraction
    numerator_after: Fraction
    score_before: int
    score_after: int


def run(unit: str | None, period: str | None, given: Sequence[str], as_json: bool) -> None:
    """Print what adding to numerators does; by default to the home unit's, in the newest month.

    ``given``: ``code=units``, such as ``3.6=+40``.
    """
    units = _parsed(given)
    with connect() as connection:
        asked = periods.parse(period) if period else periods.current(newest_day(connection))[0]
        situation = situation_of(connection, unit or settings.load().unit, asked)
        names: dict[str, str] = dict(connection.execute(_NAMES).fetchall())
    after = changed(situation.indicators, units)
    changes = _changes(situation.indicators, after, units, names)
    if as_json:
        print(json.dumps(_as_json(situation, after, changes), ensure_ascii=False, indent=2))
    else:
        _print(situation, after, changes, _shortened(situation.indicators, after, units))


def _parsed(given: Sequence[str]) -> dict[str, int]:
    units: dict[str, int] = {}
    for text in given:
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ChisoError(
                f"Không hiểu thay đổi “{text}”: hãy viết mã chỉ số và số lượng thêm hay bớt, ví dụ"
                " --set 3.6=+40 hoặc --set 4.1=-10."
            )
        if match["code"] in units:
            raise ChisoError(f"Chỉ số {match['code']} được nêu hai lần: hãy bỏ bớt một --set.")
        units[match["code"]] = int(match["units"])
    return units


def changed(indicators: Indicators, units: dict[str, int]) -> Indicators:
    """The indicators with ``units`` more in their numerators, within 0 and the denominators."""
    after = dict(indicators)
    for code, number in units.items():
        one = indicators.get(code)
        if one is None or not one.max_score:
            scored = ", ".join(code for code, other in indicators.items() if other.max_score)
            raise ChisoError(
                f"Chỉ số {code} không tính điểm từ số đếm trong kỳ này: hãy chọn trong {scored}."
            )
        after[code] = one.raised(min(max(number, -int(one.numerator)), one.room))
    return after


def _changes(
    before: Indicators, after: Indicators, units: dict[str, int], names: dict[str, str]
) -> list[Change]:
    moved = [code for code, factor in FACTOR_OF.items() if factor in units and code in before]
    was, is_ = points.scores(before), points.scores(after)
    return [
        Change(
            code=code,
            name=names[code],
            denominator=before[code].denominator,
            numerator_before=before[code].numerator,
            numerator_after=after[code].numerator,
            score_before=was[code],
            score_after=is_[code],
        )
        for code in sorted({*units, *moved})
    ]


def _shortened(before: Indicators, after: Indicators, units: dict[str, int]) -> list[str]:
    """A sentence for each indicator of which less was changed than asked."""
    sentences = []
    for code, asked in units.items():
        done = int(after[code].numerator - before[code].numerator)
        if done != asked:
            bound = "mẫu số" if asked > 0 else "0"
            sentences.append(
                f"Chỉ số {code}: chỉ thay đổi được {done:+d} thay vì {asked:+d}, vì tử số đã tới"
                f" {bound}."
            )
    return sentences


def _as_json(situation: Situation, after: Indicators, changes: list[Change]) -> Row:
    total = situation.total(after)
    return {
        "unit_code": situation.unit_code,
        "unit_name": situation.unit_name,
        "period_type": situation.period.type,
        "period_start": situation.period.start.isoformat(),
        "indicators": [
            {
                "indicator_code": change.code,
                "indicator_name": change.name,
                "denominator": float(change.denominator),
                "numerator_before": float(change.numerator_before),
                "numerator_after": float(change.numerator_after),
                "score_before": float(in_points(change.score_before)),
                "score_after": float(in_points(change.score_after)),
            }
            for change in changes
        ],
        "total_before": float(in_points(situation.score)),
        "total_after": float(in_points(total)),
        "rank_before": situation.place(situation.score),
        "rank_after": situation.place(total),
        "rank_of": len(situation.rivals) + 1,
    }


def _print(
    situation: Situation, after: Indicators, changes: list[Change], shortened: list[str]
) -> None:
    table = Table(title=f"Nếu thay đổi – {situation.unit_name} – {situation.period.label}")
    table.add_column("Mã")
    table.add_column("Chỉ số")
    for title in ("Đạt trước", "Đạt sau", "Tổng", "Điểm trước", "Điểm sau", "Thay đổi"):
        table.add_column(title, justify="right", no_wrap=True)
    for change in changes:
        table.add_row(
            change.code,
            change.name,
            _count(change.numerator_before),
            _count(change.numerator_after),
            _count(change.denominator),
            *_scores(change.score_before, change.score_after),
        )
    total = situation.total(after)
    table.add_section()
    table.add_row("", "TỔNG ĐIỂM", "", "", "", *_scores(situation.score, total), style="bold")
    table.caption = (
        f"Thứ hạng theo điểm tự tính: {situation.place(situation.score)} →"
        f" {situation.place(total)} trong {len(situation.rivals) + 1}"
    )
    console = Console()
    console = Console(width=None if console.is_terminal else 140, highlight=False)
    console.print(table)
    for sentence in shortened:
        console.print(sentence)


def _scores(before: int, after: int) -> tuple[str, str, str]:
    change = decimal_comma(in_points(after - before), 2)
    return (
        decimal_comma(in_points(before), 2),
        decimal_comma(in_points(after), 2),
        f"+{change}" if after > before else change,
    )


def _count(count: Fraction) -> str:
    return count_text(Decimal(count.numerator) / count.denominator)
