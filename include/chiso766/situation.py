"""Where units stand in a period: counts, total, rivals, and the work that is still possible."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from chiso766 import points
from chiso766.errors import ChisoError
from chiso766.period import Period
from chiso766.points import CENTS, Indicator, Indicators
from chiso766.solver import Work

Row = dict[str, Any]

PROFILE = "portal-2026"  # by which units are ranked


@dataclass(frozen=True)
class Situation:
    """Where a unit stands in a period, by its own counts; scores in hundredths of a point.

    ``score``: the own total. ``published``: the portal's, if there is one. ``rivals``: the totals
    of the other units of its kind, highest first.
    """

    unit_code: str
    unit_name: str
    unit_level: str
    period: Period
    score: int
    published: int | None
    rivals: list[int]
    indicators: Indicators
    work: list[Work]

    def place(self, score: int) -> int:
        """The place of the unit with a score: 1 + the rivals that have more."""
        return 1 + sum(rival > score for rival in self.rivals)

    def lacking(self, target_rank: int) -> int:
        """What the score lacks to a place; 0 where the place is reached."""
        if target_rank > len(self.rivals):
            return 0
        return max(0, self.rivals[target_rank - 1] - self.score)

    def total(self, indicators: Indicators) -> int:
        """The own total with other counts."""
        return self.score + points.total(indicators) - points.total(self.indicators)


_RANKED: LiteralString = """
    select ranked.*, coalesce(unit.unit_name, unit_code) as unit_name
    from {marts}.unit_ranking as ranked
    left join {marts}.dim_unit as unit using (unit_code)
    where period_type = %(period_type)s and period_start = %(period_start)s
    order by total_score desc, unit_code
"""
# What has no score keeps its counts, and a maximum of 0.
_INDICATORS: LiteralString = """
    select
        counted.unit_code,
        counted.indicator_code,
        case when counted.status = 'scored' then law.max_score else 0 end as max_score,
        coalesce(law.target_ratio, 1) as target_ratio,
        counted.numerator,
        counted.denominator
    from {marts}.fct_indicator as counted
    join {marts}.dim_unit as unit using (unit_code)
    join {intermediate}.int_period as period using (period_type, period_start)
    join {marts}.dim_indicator as law
        on law.profile = counted.profile
        and law.indicator_code = counted.indicator_code
        and law.unit_level = unit.unit_level
        and period.ends_on between law.valid_from and law.valid_to
    where counted.profile = %(profile)s and counted.denominator > 0
        and period_type = %(period_type)s and period_start = %(period_start)s
    order by counted.unit_code, counted.indicator_code
"""
_WORK: LiteralString = """
    select unit_code, action, variant, effects, things
    from {intermediate}.int_work_class
    where period_type = %(period_type)s and period_start = %(period_start)s
    order by unit_code, action, variant, effects
"""


def situations(
    connection: psycopg.Connection, period: Period, suffix: LiteralString = ""
) -> list[Situation]:
    """The situation of every unit that has an own total in a period.

    ``suffix``: ``_next`` for the marts that are being built. Work is possible in current periods.
    """
    named = {"profile": PROFILE, "period_type": period.type, "period_start": period.start}
    schemas = {name: sql.Identifier(name + suffix) for name in ("marts", "intermediate")}
    cursor = connection.cursor(row_factory=dict_row)

    def rows(query: LiteralString) -> list[Row]:
        return cursor.execute(sql.SQL(query).format(**schemas), named).fetchall()

    indicators: dict[str, dict[str, Indicator]] = defaultdict(dict)
    for row in rows(_INDICATORS):
        numbers = (row["max_score"], row["target_ratio"], row["numerator"], row["denominator"])
        indicators[row["unit_code"]][row["indicator_code"]] = Indicator(*map(Fraction, numbers))
    work: dict[str, list[Work]] = defaultdict(list)
    for row in rows(_WORK):
        one = Work(row["action"], row["variant"], tuple(row["effects"]), row["things"])
        work[row["unit_code"]].append(one)
    kinds: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows(_RANKED):
        kinds[row["unit_level"], row["province_code"]].append(row)
    return [
        Situation(
            unit_code=row["unit_code"],
            unit_name=row["unit_name"],
            unit_level=row["unit_level"],
            period=period,
            score=_cents(row["own_score"]),
            published=_cents(row["total_score"]) if row["source"] == "portal" else None,
            rivals=[_cents(other["total_score"]) for other in kind if other is not row],
            indicators=indicators[row["unit_code"]],
            work=work[row["unit_code"]],
        )
        for kind in kinds.values()
        for row in kind
        if row["own_score"] is not None
    ]


def situation_of(connection: psycopg.Connection, unit: str, period: Period) -> Situation:
    """The situation of one unit, as published; ``ChisoError`` where it has no own total."""
    for situation in situations(connection, period):
        if situation.unit_code == unit:
            return situation
    raise ChisoError(
        f"Không có điểm tự tính của đơn vị {unit} cho {period.label}: hãy kiểm tra mã đơn vị"
        " (CHISO_UNIT, nguồn units) và kỳ đã có hồ sơ."
    )


def in_points(cents: int) -> Decimal:
    """Hundredths of a point as points."""
    return Decimal(cents) / CENTS


def _cents(score: Decimal) -> int:
    return int(score * CENTS)
