"""The way to a place, as printed: steps, what no work brings back, and what has to be kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from chiso766 import improvement, settings
from chiso766 import period as periods
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.improvement import ACTIONS, Step
from chiso766.scorecard import LEVEL_NAMES, decimal_comma, newest_day
from chiso766.situation import Situation, in_points, situation_of

Row = dict[str, Any]

_BEST = 3  # steps that are shown in short

_LIMITS: LiteralString = """
    select indicator_code, reason, reason_name, things, points
    from marts.improvement_limit
    where unit_code = %(unit)s
        and period_type = %(period_type)s and period_start = %(period_start)s
    order by points desc, indicator_code
"""
# What is open and in time stands in these numerators, and leaves them when it is late.
_IN_TIME: LiteralString = """
    select open.indicator_code, count(*)
    from intermediate.int_open_thing as open
    join intermediate.int_unit_tree as tree using (unit_code)
    where tree.ancestor_code = %(unit)s
        and open.period_type = %(period_type)s and open.period_start = %(period_start)s
        and open.indicator_code in ('2.1', '5.2', '5.3', '5.4') and open.in_numerator
    group by open.indicator_code
"""


@dataclass(frozen=True)
class Plan:
    """The way of a unit to a place in a current period.

    ``limits``: rows of ``improvement_limit``. ``in_time``: how many open dossiers and petitions
    stand in the numerator of an indicator that they leave when they become late.
    """

    situation: Situation
    target_rank: int
    as_of_day: date
    steps: list[Step]
    limits: list[Row]
    in_time: dict[str, int]

    @property
    def reached(self) -> int:
        """The score after all steps, in hundredths of a point."""
        return self.steps[-1].cumulative_score if self.steps else self.situation.score

    @property
    def missed(self) -> int:
        """What is still lacking to the place after all steps, in hundredths of a point."""
        lacking = self.situation.lacking(self.target_rank)
        return max(0, lacking - (self.reached - self.situation.score))

    @property
    def at_risk(self) -> int:
        """What the total would lose if all that is open and in time became late, in hundredths."""
        counts = self.situation.indicators
        late = {code: one.raised(-self.in_time.get(code, 0)) for code, one in counts.items()}
        return self.situation.score - self.situation.total(late)


def run(unit: str | None, period: str | None, target_rank: int | None, as_json: bool) -> None:
    """Print the plan for a current period; by default the home unit's, for the newest month."""
    current = settings.load()
    with connect() as connection:
        plan = read(connection, unit or current.unit, period, target_rank or current.target_rank)
    if as_json:
        print(json.dumps(_as_json(plan), ensure_ascii=False, indent=2))
    else:
        console = Console()
        print_plan(plan, Console(width=None if console.is_terminal else 140, highlight=False))


def read(connection: psycopg.Connection, unit: str, period: str | None, target_rank: int) -> Plan:
    """Work out the plan on the published marts; ``ChisoError`` where the period is not current."""
    day = newest_day(connection)
    possible = periods.current(day)
    asked = periods.parse(period) if period else possible[0]
    if asked not in possible:
        names = ", ".join(one.label for one in possible)
        raise ChisoError(
            f"{asked.label} không phải là kỳ hiện tại: hãy chọn một trong các kỳ {names}."
        )
    situation = situation_of(connection, unit, asked)
    named = {"unit": unit, "period_type": asked.type, "period_start": asked.start}
    return Plan(
        situation=situation,
        target_rank=target_rank,
        as_of_day=day,
        steps=improvement.plan(situation, target_rank),
        limits=connection.cursor(row_factory=dict_row).execute(_LIMITS, named).fetchall(),
        in_time=dict(connection.execute(_IN_TIME, named).fetchall()),
    )


def _as_json(plan: Plan) -> Row:
    situation = plan.situation
    return {
        "unit_code": situation.unit_code,
        "unit_name": situation.unit_name,
        "period_type": situation.period.type,
        "period_start": situation.period.start.isoformat(),
        "as_of_day": plan.as_of_day.isoformat(),
        "own_score": float(in_points(situation.score)),
        "published_score": (
            None if situation.published is None else float(in_points(situation.published))
        ),
        "own_rank": situation.place(situation.score),
        "rank_of": len(situation.rivals) + 1,
        "target_rank": plan.target_rank,
        "gap_to_target_rank": float(in_points(situation.lacking(plan.target_rank))),
        "steps": [
            {
                "step": number,
                "indicator_code": step.indicator_code,
                "action": step.action,
                "action_name": ACTIONS[step.action],
                "effects": step.effects,
                "units_of_work": step.units_of_work,
                "points_gained": float(in_points(step.points_gained)),
                "cumulative_score": float(in_points(step.cumulative_score)),
                "cumulative_rank": step.cumulative_rank,
                "evidence_link": improvement.evidence_query(situation, step),
            }
            for number, step in enumerate(plan.steps, start=1)
        ],
        "is_reached": plan.missed == 0,
        "limits": [row | {"points": float(row["points"])} for row in plan.limits],
        "in_time": {
            "dossiers": plan.in_time.get("2.1", 0),
            "petitions": plan.in_time.get("5.2", 0),
            "points_at_risk": float(in_points(plan.at_risk)),
        },
    }


def print_plan(plan: Plan, console: Console) -> None:
    """Print a plan for people."""
    for sentence in _standing(plan):
        console.print(sentence)
    if plan.steps:
        console.print(_steps_table(plan))
    console.print(_end(plan))
    if plan.limits:
        console.print(_limits_table(plan.limits))
    if plan.in_time:
        console.print(
            f"Cần giữ đúng hạn: {_number(plan.in_time.get('2.1', 0))} hồ sơ và"
            f" {_number(plan.in_time.get('5.2', 0))} phản ánh, kiến nghị đang xử lý còn hạn; nếu"
            f" trễ hết thì kỳ này mất {_score(plan.at_risk)} điểm."
        )


def print_best_steps(plan: Plan) -> None:
    """Print where the unit stands, and the steps of the plan that gain most."""
    print("\n".join(_standing(plan)))
    best = sorted(plan.steps, key=lambda step: step.points_gained, reverse=True)[:_BEST]
    if best:
        print("Những việc đáng điểm nhất (toàn bộ phương án: ./chiso plan):")
    for number, step in enumerate(best, start=1):
        print(
            f"  {number}. {ACTIONS[step.action]}: {_number(step.units_of_work)} việc,"
            f" +{_score(step.points_gained)} điểm (chỉ số {', '.join(step.effects)})"
        )


def _standing(plan: Plan) -> list[str]:
    situation = plan.situation
    published = (
        f"; Cổng DVCQG công bố: {_score(situation.published)}"
        if situation.published is not None
        else ""
    )
    sentences = [
        f"{situation.unit_name} – {situation.period.label}: điểm tự tính đến hết ngày"
        f" {plan.as_of_day:%d/%m/%Y} là {_score(situation.score)}{published}.",
        f"Theo điểm tự tính, đơn vị xếp thứ {situation.place(situation.score)} trong"
        f" {len(situation.rivals) + 1} {LEVEL_NAMES[situation.unit_level]}.",
    ]
    lacking = situation.lacking(plan.target_rank)
    if lacking:
        sentences.append(
            f"Để xếp thứ {plan.target_rank} cần {_score(situation.score + lacking)} điểm, còn thiếu"
            f" {_score(lacking)}."
        )
    return sentences


def _steps_table(plan: Plan) -> Table:
    table = Table(title=f"Phương án ít việc nhất để xếp thứ {plan.target_rank}")
    table.add_column("Bước", justify="right")
    table.add_column("Việc")
    table.add_column("Chỉ số")
    for title in ("Số lượng", "Tăng", "Tổng điểm", "Thứ hạng"):
        table.add_column(title, justify="right", no_wrap=True)
    for number, step in enumerate(plan.steps, start=1):
        table.add_row(
            str(number),
            ACTIONS[step.action],
            ", ".join(step.effects),
            _number(step.units_of_work),
            f"+{_score(step.points_gained)}",
            _score(step.cumulative_score),
            str(step.cumulative_rank),
        )
    table.caption = "Từng hồ sơ, thủ tục của một bước: thêm --json, xem evidence_link"
    return table


def _end(plan: Plan) -> str:
    if not plan.situation.lacking(plan.target_rank):
        return f"Đã đạt thứ {plan.target_rank}: không cần làm thêm việc nào."
    reached = f"{_score(plan.reached)} điểm, xếp thứ {plan.situation.place(plan.reached)}"
    if not plan.missed:
        return f"Làm hết {len(plan.steps)} bước thì được {reached}."
    if not plan.steps:
        return f"Trong kỳ này không thể xếp thứ {plan.target_rank}: không còn việc nào tăng điểm."
    return (
        f"Trong kỳ này không thể xếp thứ {plan.target_rank}: làm hết {len(plan.steps)} bước thì"
        f" được {reached}, vẫn thiếu {_score(plan.missed)}."
    )


def _limits_table(limits: list[Row]) -> Table:
    table = Table(title="Không còn lấy lại được trong kỳ")
    table.add_column("Chỉ số")
    table.add_column("Lý do")
    table.add_column("Số lượng", justify="right")
    table.add_column("Điểm", justify="right")
    for row in limits:
        table.add_row(
            row["indicator_code"],
            row["reason_name"],
            _number(row["things"]),
            decimal_comma(row["points"], 2),
        )
    return table


def _score(cents: int) -> str:
    return decimal_comma(in_points(cents), 2)


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")
