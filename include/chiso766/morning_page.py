"""The morning page: what a director reads at seven, from the published marts, in one file.

Score, rating, place and trend; why the score moved since the night before; what to do today; the
six groups and 24 indicators, each with the things that are missing from it; the state of the data.
All of one unit. It has no script and asks for nothing, so it opens offline, on a phone, on paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, LiteralString

import psycopg
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from psycopg import sql
from psycopg.rows import dict_row

from chiso766 import charts, scorecard, set_aside_sheets, settings
from chiso766 import period as periods
from chiso766.period import Period
from chiso766.scorecard import EFFECTS, Scorecard, decimal_comma
from chiso766.situation import PROFILE

Row = dict[str, Any]

# How much is listed; what is more is counted, and the query that shows it stands below the list.
_MOST_EVIDENCE = 15  # of each reason
_MOST_CHANGED = 12
_MOST_WORK = 40  # of each urgency
_MOST_STEP_THINGS = 15
_FIRST_WORK = 5  # shown without unfolding
_RIVALS_AROUND = 3

_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
KIND_NAMES = {
    "dossier": "hồ sơ",
    "petition": "phản ánh, kiến nghị",
    "procedure": "thủ tục",
    "service": "dịch vụ công",
    "announcement": "thủ tục được công bố",
}
REASON_NAMES = {
    "no_effective_day": "chưa có ngày hiệu lực",
    "too_early": "công bố quá sát ngày hiệu lực",
    "not_public_in_time": "không công khai đúng hạn",
    "incomplete": "công khai thiếu nội dung",
    "not_synchronised": "chưa đồng bộ lên Cổng DVCQG",
    "late": "trễ hạn",
    "open_overdue": "đang quá hạn",
    "no_online_service": "chưa có dịch vụ công trực tuyến",
    "not_used": "chưa phát sinh hồ sơ trực tuyến",
    "not_online": "không nộp trực tuyến",
    "no_fee_collected": "chưa phát sinh phí, lệ phí",
    "no_online_payment": "chưa phát sinh thanh toán trực tuyến",
    "not_paid_online": "chưa thanh toán trực tuyến",
    "no_electronic_result": "chưa có kết quả điện tử",
    "no_component_file": "chưa có tệp thành phần",
    "no_reuse": "chưa sử dụng lại dữ liệu",
    "no_data_store": "chưa dùng kho dữ liệu của công dân",
    "no_population_data": "chưa dùng dữ liệu dân cư",
    "other_category": "thuộc loại khác",
    "dissatisfied": "người dân không hài lòng",
    "repeated": "bị phản ánh lại",
    "has_petition": "bị phản ánh, kiến nghị",
}
MISSING_NAMES = {
    "synchronisation": "đồng bộ lên Cổng",
    "online_payment": "thanh toán trực tuyến",
    "electronic_result": "kết quả điện tử",
    "component_file": "tệp thành phần",
    "reuse": "dùng lại dữ liệu",
    "data_store": "kho dữ liệu công dân",
    "population_data": "dữ liệu dân cư",
}
CATEGORY_NAMES = {
    "quy_dinh": "về quy định, thủ tục",
    "hanh_vi": "về hành vi cán bộ",
    "khac": "khác",
}
URGENCY_NAMES = {
    "today": "đến hạn hôm nay",
    "3_days": "đến hạn trong ba ngày làm việc tới",
    "overdue": "đã quá hạn",
}
EXPLANATIONS = {
    "equal": "bằng nhau",
    "rounding": "lệch do làm tròn",
    "own_missing": "chưa tự tính được",
    "portal_missing": "Cổng chưa công bố",
    "population_differs": "số được đếm khác nhau",
    "numerator_differs": "số đạt khác nhau",
}

_PERIOD: LiteralString = """
    unit_code = %(unit)s and period_type = %(period_type)s and period_start = %(period_start)s
"""
_NIGHT_BEFORE: LiteralString = """
    select as_of_day, last_load_id from ops.build
    where state = 'published' and as_of_day < %(day)s
    order by as_of_day desc, build_id desc limit 1
"""
# A night that was run again counts as it was published last.
_NIGHTS: LiteralString = f"""
    select distinct on (as_of_day) as_of_day, total
    from (
        select as_of_day, built_at, sum(coalesce(score, 0)) as total
        from marts.fct_indicator_daily
        where profile = %(profile)s and {_PERIOD} and as_of_day between %(first)s and %(last)s
        group by as_of_day, built_at
    ) as night
    order by as_of_day, built_at desc
"""
_INDICATORS_OF_NIGHT: LiteralString = f"""
    select distinct on (indicator_code) *
    from marts.fct_indicator_daily
    where profile = %(profile)s and {_PERIOD} and as_of_day = %(night)s
    order by indicator_code, built_at desc
"""
_KEPT: LiteralString = "select to_regclass('intermediate_next.known') is not null as is_there"
_KEPT_NIGHT: LiteralString = "select as_of_day, last_load_id from intermediate_next.known"
# Evidence is read before it is joined: on Citus its view can be joined with nothing.
_CHANGED: LiteralString = f"""
    with before as materialized (select * from marts_next.indicator_evidence where {_PERIOD}),
    now as materialized (select * from marts.indicator_evidence where {_PERIOD})
    select
        indicator_code,
        evidence_kind as kind,
        coalesce(now.in_numerator, false)::integer - coalesce(before.in_numerator, false)::integer
            as numerator_change,
        (now.in_numerator is not null)::integer - (before.in_numerator is not null)::integer
            as denominator_change,
        now.reason,
        count(*) as things,
        (array_agg(evidence_key order by evidence_key desc))[1:%(most)s] as keys
    from before full join now
        using (indicator_code, evidence_kind, evidence_key)
    where before.in_numerator is distinct from now.in_numerator
    group by indicator_code, evidence_kind, numerator_change, denominator_change, now.reason
    order by indicator_code, numerator_change desc, denominator_change desc, things desc, now.reason
"""
_RULES: LiteralString = """
    select law.*
    from marts.dim_indicator as law join marts.dim_unit as unit using (unit_level)
    where unit.unit_code = %(unit)s and law.profile = %(profile)s
        and %(last_day)s between law.valid_from and law.valid_to
"""
_NEXT_RATING: LiteralString = """
    select rating_name, min_score from law.ratings
    where %(last_day)s between valid_from and valid_to and min_score > %(score)s
    order by min_score limit 1
"""
_RANKING: LiteralString = f"select * from marts.unit_ranking where {_PERIOD}"
_RIVALS: LiteralString = f"""
    select coalesce(unit.unit_name, rival.unit_code) as unit_name, rival.total_score
    from (select * from marts.unit_ranking where {_PERIOD}) as asked
    join marts.unit_ranking as rival using (unit_level, period_type, period_start)
    left join marts.dim_unit as unit on unit.unit_code = rival.unit_code
    where rival.province_code is not distinct from asked.province_code
        and rival.unit_code <> asked.unit_code
    order by rival.total_score desc, rival.unit_code
"""
_FORECAST: LiteralString = f"select * from marts.score_forecast where {_PERIOD}"
_DOSSIERS: LiteralString = """
    select *
    from (
        select
            work.*,
            procedure.procedure_name,
            count(*) over (partition by urgency) as things,
            row_number() over (partition by urgency order by place) as line
        from marts.dossier_worklist as work
        left join marts.dim_procedure as procedure using (procedure_code)
        where unit_code = %(unit)s
    ) as listed
    where line <= %(most)s
    order by place
"""
_PETITIONS: LiteralString = """
    select *, count(*) over () as things
    from marts.petition_worklist where unit_code = %(unit)s order by place limit %(most)s
"""
_STEPS: LiteralString = f"select * from marts.improvement_plan where {_PERIOD} order by step"
_LIMITS: LiteralString = f"""
    select * from marts.improvement_limit where {_PERIOD} order by points desc, indicator_code
"""
_EVIDENCE: LiteralString = f"""
    with missing as materialized (
        select * from marts.indicator_evidence where {_PERIOD} and not in_numerator
    )
    select *
    from (
        select
            missing.*,
            procedure.procedure_name,
            count(*) over (partition by indicator_code, reason) as things,
            row_number() over (
                partition by indicator_code, reason order by evidence_key desc
            ) as line
        from missing left join marts.dim_procedure as procedure using (procedure_code)
    ) as listed
    where line <= %(most)s
    order by indicator_code, things desc, reason, line
"""
_SOURCES: LiteralString = """
    select * from marts.data_status where export_day = %(day)s order by source_name
"""
_OPEN_ROWS: LiteralString = """
    select coalesce(sum(rows_open), 0)::bigint as rows_open from marts.set_aside_status
"""
_RECONCILIATION: LiteralString = f"""
    select * from marts.portal_reconciliation where {_PERIOD} order by indicator_code
"""

_ALL_EVIDENCE = sql.SQL(
    "select indicator_code, evidence_key, procedure_code, reason, points_lost"
    " from marts.indicator_evidence where unit_code = {} and period_type = {}"
    " and period_start = {} and indicator_code = any({}) and not in_numerator"
    " order by indicator_code, reason, evidence_key desc"
)
_ALL_UNITS = sql.SQL(
    "select ranked.* from marts.unit_ranking as asked join marts.unit_ranking as ranked"
    " using (unit_level, period_type, period_start) where asked.unit_code = {} and period_type = {}"
    " and period_start = {} and ranked.province_code is not distinct from asked.province_code"
    " order by ranked.rank"
)
_ALL_DIFFERENCES = sql.SQL(
    "select indicator_code, evidence_key, cause from marts.portal_difference"
    " where unit_code = {} and period_type = {} and period_start = {} order by 1, 2"
)
_ALL_DOSSIERS = sql.SQL(
    "select dossier_code, due_at, missing, points_in_month from marts.dossier_worklist"
    " where unit_code = {} order by place"
)
_ALL_PETITIONS = sql.SQL(
    "select petition_code, deadline_day, points_in_month from marts.petition_worklist"
    " where unit_code = {} order by place"
)


@dataclass(frozen=True)
class Effect:
    """Things that count otherwise than the night before, in one way.

    ``numerator_change``, ``denominator_change``: what each of them does to the counts; ``reason``:
    why it is not in the numerator now; ``keys``: the newest codes.
    """

    kind: str
    numerator_change: int
    denominator_change: int
    reason: str | None
    things: int
    keys: list[str]

    @property
    def name(self) -> str:
        return EFFECTS[self.numerator_change, self.denominator_change]


@dataclass(frozen=True)
class Change:
    """An indicator whose score or counts are others than the night before.

    ``before``, ``now``: rows of ``fct_indicator_daily``. ``effects``: the things that did it; None
    where the evidence of the night before is no longer there.
    """

    before: Row
    now: Row
    effects: list[Effect] | None

    @property
    def code(self) -> str:
        return str(self.now["indicator_code"])

    @property
    def points(self) -> Decimal:
        return _score(self.now) - _score(self.before)

    @property
    def cause(self) -> str:
        """What did it, in words that need no list."""
        if self.effects is None:
            return "Từng hồ sơ: xem lệnh ./chiso why bên dưới."
        causes = [*self._by_things(self.effects), *self._by_other_counts(self.effects)]
        only = "qua tỷ lệ đồng bộ 1.4" if self.code == "3.3" else "quy tắc tính thay đổi"
        said = "; ".join(causes) or only
        return f"{said[0].upper()}{said[1:]}."

    def _by_things(self, effects: list[Effect]) -> Iterator[str]:
        kind = KIND_NAMES[effects[0].kind] if effects else ""

        things: Counter[tuple[int, int]] = Counter()
        for one in effects:
            things[one.numerator_change, one.denominator_change] += one.things
        new_in, new_out = things[1, 1], things[0, 1]
        if new_in + new_out:
            part = f"{new_in} đạt" if new_in and new_out else "đều đạt" if new_in else "chưa đạt"
            yield f"thêm {new_in + new_out} {kind}, {part}"
        if turned := things[1, 0]:
            yield f"{turned} {kind} thành đạt"
        for one in effects:
            if (one.numerator_change, one.denominator_change) == (-1, 0):
                yield f"{one.things} {kind} không còn đạt ({REASON_NAMES[one.reason or '']})"
        if gone := things[-1, -1] + things[0, -1]:
            yield f"{gone} {kind} không tính nữa"

    def _by_other_counts(self, effects: list[Effect]) -> Iterator[str]:
        if self.code != "1.4":
            return
        moved = (self.now["denominator"] or 0) - (self.before["denominator"] or 0)
        if moved != sum(effect.things * effect.denominator_change for effect in effects):
            yield "mẫu số theo hệ thống báo cáo quốc gia hoặc Cổng DVCQG thay đổi"


@dataclass(frozen=True)
class Standing:
    """The place of a unit by its own score, and who stands around it.

    ``ranking``: the row of ``unit_ranking``; ``target_score``: what the target place takes, None
    where fewer units rank; ``around``: units as place, name, points and whether it is this one.
    """

    ranking: Row
    target_score: Decimal | None
    around: list[tuple[int, str, Decimal, bool]]

    @property
    def lacking(self) -> Decimal:
        """Points to the target place; 0 where it is reached."""
        if self.target_score is None:
            return Decimal()
        return max(Decimal(), Decimal(self.target_score - self.ranking["own_score"]))


@dataclass(frozen=True)
class Side:
    """A current period in short; ``change``: points since the night before, None: it is new."""

    card: Scorecard
    change: Decimal | None
    ranking: Row | None
    forecast: Row | None


class _Marts:
    """The published marts of one unit, as of one night, and the month that it stands in."""

    def __init__(self, connection: psycopg.Connection, unit: str, day: date) -> None:
        self.connection = connection
        self.unit = unit
        self.day = day
        self._cursor = connection.cursor(row_factory=dict_row)

    def rows(
        self, query: LiteralString, period: Period | None = None, **named: object
    ) -> list[Row]:
        """Rows of a query about the unit in ``period`` (the month)."""
        asked = period or periods.current(self.day)[0]
        common = {
            "unit": self.unit,
            "day": self.day,
            "profile": PROFILE,
            "period_type": asked.type,
            "period_start": asked.start,
            "last_day": asked.last_day,
        }
        return self._cursor.execute(query, common | named).fetchall()

    def row(
        self, query: LiteralString, period: Period | None = None, **named: object
    ) -> Row | None:
        return next(iter(self.rows(query, period, **named)), None)


def write(connection: psycopg.Connection, day: date) -> str:
    """The page of the home unit as of an export day that is published.

    ``connection`` commits by itself; all is read as of one moment.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        marts = _Marts(connection, settings.load().unit, day)
        night_before = marts.row(_NIGHT_BEFORE)
        sides = _sides(marts, night_before)
        common = {
            "unit": marts.unit,
            "day": day,
            "morning": day + timedelta(days=1),
            "sides": sides,
            **_data(marts),
        }
        about = _about(marts, sides[0].card, night_before) if sides else {}
    return environment().get_template("scorecard.html").render(common | about)


def _about(marts: _Marts, card: Scorecard, night_before: Row | None) -> Row:
    standing = _standing(marts)
    next_rating = marts.row(_NEXT_RATING, score=card.total["total_score"])
    nights = _nights(marts, card.period)
    nights_before = _nights(marts, periods.current(card.period.start - timedelta(days=1))[0])
    return {
        "card": card,
        "standing": standing,
        "target_rank": settings.load().target_rank,
        "next_rating": next_rating,
        "night_before": night_before["as_of_day"] if night_before else None,
        "last_month": _last_month(marts, card),
        "nights": nights,
        "has_nights_before": bool(nights_before),
        "trend": _trend(marts, card, nights, nights_before, standing, next_rating),
        "bars": charts.groups(card.groups, _groups_text(card)),
        "changes": _changes(marts, night_before),
        "rules": {row["indicator_code"]: row for row in marts.rows(_RULES)},
        "evidence": _evidence(marts),
        "reconciliation": marts.rows(_RECONCILIATION),
        **_work(marts),
    }


def _sides(marts: _Marts, night_before: Row | None) -> list[Side]:
    """The month, the quarter and the year; none where the unit has no scorecard."""
    sides = []
    for period in periods.current(marts.day):
        card = scorecard.read(marts.connection, marts.unit, period, PROFILE)
        if card is None:
            continue
        change = None
        if night_before:
            night = night_before["as_of_day"]
            totals = marts.rows(_NIGHTS, period, first=night, last=night)
            if totals:
                change = card.total["total_score"] - totals[0]["total"]
        ranking, forecast = marts.row(_RANKING, period), marts.row(_FORECAST, period)
        sides.append(Side(card, change, ranking, forecast))
    return sides


def _last_month(marts: _Marts, card: Scorecard) -> Scorecard | None:
    before = periods.current(card.period.start - timedelta(days=1))[0]
    return scorecard.read(marts.connection, marts.unit, before, PROFILE)


def _standing(marts: _Marts) -> Standing | None:
    """None where the unit does not rank."""
    ranking = marts.row(_RANKING)
    if ranking is None or ranking["own_score"] is None:
        return None
    own = (ranking["own_score"], True, "")
    rivals = [(row["total_score"], False, row["unit_name"]) for row in marts.rows(_RIVALS)]
    line = sorted([*rivals, own], key=lambda one: one[:2], reverse=True)
    target_rank = settings.load().target_rank
    place = line.index(own)
    shown = {target_rank - 1, *range(place - _RIVALS_AROUND, place + _RIVALS_AROUND + 1)}
    return Standing(
        ranking=ranking,
        target_score=rivals[target_rank - 1][0] if target_rank <= len(rivals) else None,
        around=[
            (1 + sum(other[0] > score for other in line), name, score, is_own)
            for number, (score, is_own, name) in enumerate(line)
            if number in shown
        ],
    )


def _nights(marts: _Marts, period: Period) -> list[tuple[date, Decimal]]:
    """The totals of a month as they were published, night by night."""
    rows = marts.rows(_NIGHTS, period, first=period.start, last=min(period.last_day, marts.day))
    return [(row["as_of_day"], row["total"]) for row in rows]


def _trend(
    marts: _Marts,
    card: Scorecard,
    nights: list[tuple[date, Decimal]],
    nights_before: list[tuple[date, Decimal]],
    standing: Standing | None,
    next_rating: Row | None,
) -> Markup:
    lines = []
    if next_rating:
        name = f"{next_rating['rating_name']}: từ {decimal_comma(next_rating['min_score'], 0)}"
        lines.append((next_rating["min_score"], name))
    if standing and standing.target_score and standing.lacking:
        name = f"thứ {settings.load().target_rank}: {decimal_comma(standing.target_score, 2)}"
        lines.append((standing.target_score, name))
    forecast = marts.row(_FORECAST)
    expected = None
    if forecast and forecast["working_days_left"]:
        expected = (forecast["ends_on"], forecast["low_score"], forecast["high_score"])
    (first_day, first), (last_day, last) = nights[0], nights[-1]
    text = (
        f"Biểu đồ đường: tổng điểm {_inside(card.period.label)} từ {decimal_comma(first, 2)} đêm"
        f" {first_day:%d/%m} đến {decimal_comma(last, 2)} đêm {last_day:%d/%m}; số của từng đêm ở"
        " bảng ngay dưới."
    )
    return charts.trend(nights, nights_before, lines, expected, text)


def _groups_text(card: Scorecard) -> str:
    said = ", ".join(
        f"{row['group_name']} {decimal_comma(row['score'], 2)} trên"
        f" {decimal_comma(row['max_score'], 0)}"
        for row in card.groups
    )
    return f"Biểu đồ cột: điểm sáu nhóm so với tối đa: {said}."


def _changes(marts: _Marts, night_before: Row | None) -> list[Change] | None:
    """What is otherwise than the night before, most points first; None: there is no such night."""
    if night_before is None:
        return None
    nights = [
        {row["indicator_code"]: row for row in marts.rows(_INDICATORS_OF_NIGHT, night=night)}
        for night in (night_before["as_of_day"], marts.day)
    ]
    if not all(nights):
        return None
    before, now = nights
    effects = _effects(marts, night_before)
    changes = [
        Change(before[code], row, effects.get(code, []) if effects is not None else None)
        for code, row in now.items()
        if code in before and _counts(row) != _counts(before[code])
    ]
    return sorted(changes, key=lambda change: (-abs(change.points), change.code))


def _effects(marts: _Marts, night_before: Row) -> dict[str, list[Effect]] | None:
    """By indicator the things that count otherwise than the night before.

    The tables that the gate took out of use are of the publication before this one: of that night,
    unless the newest one was published again. Reading ``known`` keeps builds from them meanwhile.
    """
    [kept] = marts.rows(_KEPT)
    if not kept["is_there"] or marts.row(_KEPT_NIGHT) != night_before:
        return None
    effects: dict[str, list[Effect]] = {}
    for row in marts.rows(_CHANGED, most=_MOST_CHANGED):
        effects.setdefault(row.pop("indicator_code"), []).append(Effect(**row))
    return effects


def _counts(row: Row) -> tuple[object, ...]:
    return row["numerator"], row["denominator"], row["score"]


def _score(row: Row) -> Decimal:
    """An absent score adds 0."""
    return Decimal(row["score"] or 0)


def _work(marts: _Marts) -> Row:
    """What is open, what is worth most, and what is lost."""
    dossiers = marts.rows(_DOSSIERS, most=_MOST_WORK)
    petitions = marts.rows(_PETITIONS, most=_MOST_WORK)
    by_urgency = {
        urgency: [row for row in dossiers if row["urgency"] == urgency]
        for urgency in (*URGENCY_NAMES, "later")
    }
    first = [row for row in dossiers if row["urgency"] in ("today", "3_days")][:_FIRST_WORK]
    steps = [
        row | {"keys": _things_of_step(marts.connection, row["evidence_link"])}
        for row in marts.rows(_STEPS)
    ]
    return {
        "first_dossiers": first,
        "dossiers": by_urgency,
        "petitions": petitions,
        "steps": steps,
        "limits": marts.rows(_LIMITS),
        "all_dossiers": _command(_ALL_DOSSIERS.format(marts.unit)),
        "all_petitions": _command(_ALL_PETITIONS.format(marts.unit)),
    }


def _things_of_step(connection: psycopg.Connection, query: str) -> list[str]:
    rows = connection.execute(
        f"select evidence_key from ({query}) as things limit %s".encode(), [_MOST_STEP_THINGS]
    )
    return [key for (key,) in rows]


def _evidence(marts: _Marts) -> dict[str, list[tuple[str, list[Row]]]]:
    """By indicator and reason, the most frequent first: the newest things outside the numerator."""
    rows = marts.rows(_EVIDENCE, most=_MOST_EVIDENCE)
    return {
        code: [
            (REASON_NAMES[reason], list(listed))
            for reason, listed in groupby(of_code, key=lambda row: row["reason"])
        ]
        for code, of_code in groupby(rows, key=lambda row: row["indicator_code"])
    }


def _data(marts: _Marts) -> Row:
    sources = marts.rows(_SOURCES)
    [counted] = marts.rows(_OPEN_ROWS)
    return {
        "sources": sources,
        "warned": [source for source in sources if source["warning"]],
        "rows_open": counted["rows_open"],
        "sheets": set_aside_sheets.folder().name,
    }


def _command(query: sql.Composed) -> str:
    """The command that shows all of what is listed in part."""
    return f'./chiso sql "{query.as_string()}"'


def _place(card: Scorecard) -> tuple[str, str, str]:
    return card.unit_code, card.period.type, card.period.start.isoformat()


def _evidence_command(card: Scorecard, *codes: str) -> str:
    """The command that lists what is missing from the numerators of indicators in a period."""
    asked = codes or tuple(row["indicator_code"] for row in card.indicators if row["max_score"])
    return _command(_ALL_EVIDENCE.format(*_place(card), "{" + ",".join(asked) + "}"))


def _ranking_command(card: Scorecard) -> str:
    return _command(_ALL_UNITS.format(*_place(card)))


def _difference_command(card: Scorecard) -> str:
    return _command(_ALL_DIFFERENCES.format(*_place(card)))


def _signed(points: Decimal) -> str:
    """A change as it is read: with its sign, a real minus."""
    text = decimal_comma(abs(points), 2)
    return f"+{text}" if points > 0 else f"−{text}" if points < 0 else text


def _things(rows: list[Row]) -> str:
    """How many there are of which ``rows`` are listed."""
    return decimal_comma(Decimal(rows[0]["things"] if rows else 0), 0)


def _inside(label: str) -> str:
    """The name of a period or of work within a sentence."""
    return label[0].lower() + label[1:]


def _weekday(day: date) -> str:
    return _WEEKDAYS[day.weekday()]


def _due(moment: datetime) -> str:
    """A due time; a day that was given without a time lasts until its last second."""
    form = "%d/%m" if (moment.hour, moment.minute) == (23, 59) else "%H:%M %d/%m"
    return moment.strftime(form)


def environment() -> Environment:
    """The templates, with what they call."""
    environment = Environment(
        loader=PackageLoader("chiso766"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "decimal_comma": decimal_comma,
        "count_text": scorecard.count_text,
        "ratio_text": scorecard.ratio_text,
        "signed": _signed,
        "things": _things,
        "inside": _inside,
        "weekday": _weekday,
        "due": _due,
    }
    environment.globals |= {
        "rating_names": scorecard.RATING_NAMES,
        "status_names": scorecard.STATUS_NAMES,
        "level_names": scorecard.LEVEL_NAMES,
        "kind_names": KIND_NAMES,
        "reason_names": REASON_NAMES,
        "missing_names": MISSING_NAMES,
        "category_names": CATEGORY_NAMES,
        "urgency_names": URGENCY_NAMES,
        "explanations": EXPLANATIONS,
        "evidence_command": _evidence_command,
        "ranking_command": _ranking_command,
        "difference_command": _difference_command,
    }
    return environment
