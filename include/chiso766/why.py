"""Why a score changed between two nights: by indicator and cause, down to the dossiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from chiso766 import period as periods
from chiso766 import settings, terminal
from chiso766.build_lock import build_lock
from chiso766.errors import ChisoError
from chiso766.period import Period
from chiso766.rebuild import night_of, rebuilt
from chiso766.scorecard import EFFECTS, decimal_comma, newest_day

Row = dict[str, Any]

CAUSES = {
    "rule_changed": "quy tắc tính thay đổi",
    "source": "nguồn số liệu đến lần đầu",
    "period": "kỳ mới bắt đầu",
    "new": "mới phát sinh",
    "finished": "đã giải quyết xong",
    "supplement": "yêu cầu hoặc nhận bổ sung",
    "overdue": "trở thành quá hạn",
    "rated": "được đánh giá",
    "petition": "có phản ánh, kiến nghị",
    "catalogue": "danh mục thủ tục, dịch vụ thay đổi",
    "corrected": "dữ liệu được sửa hoặc bổ sung",
    "other_counts": "số hồ sơ theo hệ thống báo cáo quốc gia hoặc Cổng DVCQG thay đổi",
}
_EFFECTS = EFFECTS | {(0, 0): "qua tỷ lệ đồng bộ 1.4"}
_MOST_SHOWN = 20

_BEFORE, _AFTER = "why_before", "why_after"

_STEPS = f"""
    select step.*, unit.unit_name, indicator.indicator_name
    from {_BEFORE}.why as step
    join law.indicators as indicator using (indicator_code)
    left join marts.dim_unit as unit on unit.unit_code = %s
    order by indicator.position, step.step
"""


@dataclass(frozen=True)
class Why:
    """The steps from the score of one night to that of another; ``steps`` as ``why.sql`` says."""

    unit_code: str
    period: Period
    from_day: date
    to_day: date
    steps: list[Row]

    def by_indicator(self) -> Iterator[tuple[str, list[Row]]]:
        for code, steps in groupby(self.steps, key=lambda step: step["indicator_code"]):
            yield code, list(steps)

    @property
    def unit_name(self) -> str:
        return str(self.steps[0]["unit_name"] or self.unit_code)

    @property
    def from_score(self) -> Decimal:
        return sum((steps[0]["score_before"] for _, steps in self.by_indicator()), Decimal())

    @property
    def change(self) -> Decimal:
        return _points(self.steps)


def run(
    unit: str | None, period: str | None, first: date | None, last: date | None, wants_json: bool
) -> None:
    """Print why the score changed; by default the home unit's, of the month, in the last night."""
    console = terminal.console()
    with terminal.working(console, "Dựng lại các đêm để so sánh…"):
        why = explain(unit or settings.load().unit, period, first, last)
    if wants_json:
        print(json.dumps(as_json(why), ensure_ascii=False, indent=2))
    else:
        _print(why)


def explain(unit: str, period: str | None, first: date | None, last: date | None) -> Why:
    """The difference of a unit's score between the nights of two export days.

    ``period``: as on the command line, by default the month of the later day; ``last``: by default
    the published day; ``first``: by default the night before it. Builds wait meanwhile.
    """
    with build_lock() as connection:
        published = newest_day(connection)
        after = night_of(connection, last or published)
        before = night_of(connection, first or _night_before(connection, after.as_of_day))
        if before.as_of_day >= after.as_of_day:
            raise ChisoError(
                f"Ngày đầu {before.as_of_day} phải ở trước ngày cuối {after.as_of_day}: hãy sửa"
                " --from hoặc --to."
            )
        asked = periods.parse(period) if period else periods.current(after.as_of_day)[0]
        nothing = ChisoError(
            f"Không có điểm của đơn vị {unit} cho {asked.label} vào đêm"
            f" {after.as_of_day:%d/%m/%Y}: hãy kiểm tra mã đơn vị và kỳ."
        )
        if asked.start > after.as_of_day or not _is_known(connection, unit):
            raise nothing
        with ExitStack() as rebuilds:
            schemas = {"after_intermediate": "intermediate", "after_marts": "marts"}
            if after.as_of_day != published:
                rebuilds.enter_context(rebuilt(connection, after, _AFTER, "indicator_evidence"))
                schemas = dict.fromkeys(schemas, _AFTER)
            question = schemas | {
                "unit_code": unit,
                "period_type": asked.type,
                "period_start": asked.start.isoformat(),
                "before_build_id": before.build_id,
                "after_build_id": after.build_id,
            }
            rebuilds.enter_context(rebuilt(connection, before, _BEFORE, "why", why=question))
            steps = (
                connection.cursor(row_factory=dict_row).execute(_STEPS.encode(), [unit]).fetchall()
            )
    if not steps:
        raise nothing
    return Why(unit, asked, before.as_of_day, after.as_of_day, steps)


def _is_known(connection: psycopg.Connection, unit: str) -> bool:
    return (
        connection.execute("select from marts.dim_unit where unit_code = %s", [unit]).rowcount > 0
    )


def _night_before(connection: psycopg.Connection, day: date) -> date:
    [(before,)] = connection.execute(
        "select max(export_day) from ops.night where export_day < %s", [day]
    ).fetchall()
    if before is None:
        raise ChisoError(
            f"Trước ngày {day:%d/%m/%Y} chưa có đêm nào để so sánh: hãy xem lại sau đêm tới."
        )
    found: date = before
    return found


def _points(steps: list[Row]) -> Decimal:
    return sum((step["points"] for step in steps), Decimal())


def as_json(why: Why) -> Row:
    """The explanation for machines: points in full, every code."""
    return {
        "unit_code": why.unit_code,
        "unit_name": why.unit_name,
        "period_type": why.period.type,
        "period_start": why.period.start.isoformat(),
        "from_day": why.from_day.isoformat(),
        "to_day": why.to_day.isoformat(),
        "from_score": float(why.from_score),
        "to_score": float(why.from_score + why.change),
        "change": float(why.change),
        "indicators": [
            {
                "indicator_code": code,
                "indicator_name": steps[0]["indicator_name"],
                "from_score": float(steps[0]["score_before"]),
                "to_score": float(steps[0]["score_before"] + _points(steps)),
                "change": float(_points(steps)),
                "causes": [
                    {
                        "cause": step["cause"],
                        "numerator_change": step["numerator_change"],
                        "denominator_change": step["denominator_change"],
                        "points": float(step["points"]),
                        "things": step["evidence"],
                    }
                    for step in steps
                    if step["evidence"] or step["points"]
                ],
            }
            for code, steps in why.by_indicator()
        ],
    }


def _print(why: Why) -> None:
    table = Table(
        title=f"Vì sao điểm thay đổi – {why.unit_name} – {why.period.label}: từ đêm"
        f" {why.from_day:%d/%m/%Y} đến đêm {why.to_day:%d/%m/%Y}"
    )
    table.add_column("Mã")
    table.add_column("Chỉ số / nguyên nhân", ratio=1)
    for title in ("Từ", "Đến", "Thay đổi"):
        table.add_column(title, justify="right", no_wrap=True)
    for code, steps in why.by_indicator():
        if any(step["points"] for step in steps):
            _add_indicator(table, code, steps)
    _add_scores(table, "", "TỔNG ĐIỂM", why.from_score, why.change)
    console = Console()
    Console(width=None if console.is_terminal else 140).print(table)


def _add_indicator(table: Table, code: str, steps: list[Row]) -> None:
    _add_scores(table, code, steps[0]["indicator_name"], steps[0]["score_before"], _points(steps))
    for step in steps:
        if step["points"]:
            table.add_row("", f"  {_sentence(step)}", "", "", _signed(step["points"]))
    table.add_section()


def _add_scores(table: Table, code: str, name: str, before: Decimal, change: Decimal) -> None:
    scores = (decimal_comma(before, 2), decimal_comma(before + change, 2), _signed(change))
    table.add_row(code, name, *scores, style="bold")


def _signed(points: Decimal) -> str:
    return ("+" if points > 0 else "") + decimal_comma(points, 2)


def _sentence(step: Row) -> str:
    """A step in words: its cause, what it did to the counts, and the things it moved."""
    if not step["evidence"]:
        return CAUSES[step["cause"]]
    effect = _EFFECTS[step["numerator_change"], step["denominator_change"]]
    things = [_named(thing) for thing in step["evidence"]]
    more = len(things) - _MOST_SHOWN
    shown = ", ".join(things[:_MOST_SHOWN])
    rest = f" và {more} mã khác (xem đủ với --json)" if more > 0 else ""
    return f"{CAUSES[step['cause']]}, {effect} ({len(things)}): {shown}{rest}"


def _named(thing: Row) -> str:
    """The code of a thing; of a procedure or service with the dossiers that use it."""
    dossiers = [code for code in thing["dossier_codes"] if code != thing["key"]]
    return f"{thing['key']} (hồ sơ {', '.join(dossiers[:3])})" if dossiers else str(thing["key"])
