"""The public page: what may leave the Centre of the last month that has ended, in one file.

The scores, which the Portal publishes, too, and the month's dossiers by field without any count
under five. Everything else that is made here (the morning page, dashboards, spreadsheets) names
single dossiers and is for those who work on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.rows import class_row

from chiso766 import charts, scorecard, settings
from chiso766 import period as periods
from chiso766.morning_page import environment
from chiso766.period import Period
from chiso766.situation import PROFILE

# Fewer things than this could be known to be somebody's.
LEAST_SHOWN = 5
OTHERS = "Các lĩnh vực ít hồ sơ, gộp lại"

_FIELDS: LiteralString = """
    select
        coalesce(min(procedure.field_name), 'Chưa rõ lĩnh vực') as name,
        sum(part.numerator)::bigint as in_time,
        sum(part.denominator - part.numerator)::bigint as late
    from marts.fct_indicator_by_procedure as part
    left join marts.dim_procedure as procedure using (procedure_code)
    where part.indicator_code = '2.1' and part.profile = %s and part.unit_code = %s
        and part.period_type = 'month' and part.period_start = %s
    group by procedure.field_code
"""


@dataclass(frozen=True)
class Field:
    """A field of work: dossiers of indicator 2.1 in the numerator, and those that are not."""

    name: str
    in_time: int
    late: int

    @property
    def dossiers(self) -> int:
        return self.in_time + self.late

    @property
    def can_be_shown(self) -> bool:
        return not any(0 < count < LEAST_SHOWN for count in (self.in_time, self.late))


def page_path() -> Path:
    """Where the page of the newest month is."""
    return settings.load().home / "reports" / "cong-khai.html"


def shown(fields: Iterable[Field]) -> list[Field]:
    """The fields by size, none with a count from 1 to 4; none at all where that cannot be.

    Those that have one become one row together with the smallest others, until no count of that row
    is one either. So what is left out follows from no difference of what is shown, the sum of all
    included.
    """
    rows = sorted(fields, key=lambda field: (-field.dossiers, field.name))
    kept = [field for field in rows if field.can_be_shown]
    hidden = [field for field in rows if not field.can_be_shown]
    if not hidden:
        return kept
    while not (others := _sum(hidden)).can_be_shown:
        if not kept:
            return []
        hidden.append(kept.pop())
    return [*kept, others]


def write(connection: psycopg.Connection, day: date) -> str | None:
    """The page of the home unit as of a published export day; None: no month of it has ended."""
    month = periods.current(day + timedelta(days=1))[0].before
    unit = settings.load().unit
    card = scorecard.read(connection, unit, month, PROFILE)
    if card is None:
        return None
    return (
        environment()
        .get_template("public.html")
        .render(
            card=card,
            bars=charts.groups(card.groups, "Điểm của từng nhóm: xem bảng bên cạnh."),
            fields=shown(_fields(connection, unit, month)),
            least=LEAST_SHOWN,
            rating=scorecard.RATING_NAMES[card.total["rating"]],
        )
    )


def _fields(connection: psycopg.Connection, unit: str, month: Period) -> list[Field]:
    cursor = connection.cursor(row_factory=class_row(Field))
    return cursor.execute(_FIELDS, [PROFILE, unit, month.start]).fetchall()


def _sum(fields: list[Field]) -> Field:
    return Field(OTHERS, sum(one.in_time for one in fields), sum(one.late for one in fields))
