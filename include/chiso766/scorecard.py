"""The scorecard of a unit and period: read from the marts, printed for people or machines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from chiso766 import period as periods
from chiso766 import settings
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.period import Period

Row = dict[str, Any]

RATING_NAMES = {
    "xuat_sac": "Xuất sắc",
    "tot": "Tốt",
    "kha": "Khá",
    "trung_binh": "Trung bình",
    "yeu": "Yếu",
}
LEVEL_NAMES = {
    "commune": "xã, phường, đặc khu",
    "agency": "sở, ngành",
    "province": "tỉnh, thành phố",
}
# How a thing changes the counts of an indicator, by the change of numerator and denominator.
EFFECTS = {
    (1, 1): "được tính thêm, đạt",
    (0, 1): "được tính thêm, chưa đạt",
    (1, 0): "thành đạt",
    (-1, 0): "không còn đạt",
    (-1, -1): "không tính nữa, trước đó đạt",
    (0, -1): "không tính nữa, trước đó chưa đạt",
}
STATUS_NAMES = {
    "scored": "",
    "no_denominator": "kỳ này chưa phát sinh",
    "not_applicable": "không áp dụng cho cấp này",
    "unscored": "không tính điểm",
    "no_source": "chưa có nguồn số liệu",
}


@dataclass(frozen=True)
class Scorecard:
    """A unit's scorecard; rows have the columns of the marts of the same names."""

    unit_code: str
    unit_name: str
    period: Period
    profile: str
    as_of_day: date
    total: Row
    groups: list[Row]
    indicators: list[Row]


_AS_OF_DAY: LiteralString = """
    select as_of_day from ops.build where state = 'published' order by build_id desc limit 1
"""
_ROWS: LiteralString = """
    profile = %(profile)s and unit_code = %(unit)s
    and period_type = %(period_type)s and period_start = %(period_start)s
"""
_TOTAL: LiteralString = f"""
    select * from marts.fct_scorecard join marts.dim_unit using (unit_code) where {_ROWS}
"""
# Codes sort as the law numbers its indicators: 3.5a before 3.6.
_GROUPS: LiteralString = f"""
    select score.*, law.group_name
    from marts.fct_group_score as score
    join (
        select group_code, group_name, min(indicator_code) as first_code
        from marts.dim_indicator group by group_code, group_name
    ) as law using (group_code)
    where {_ROWS} order by law.first_code
"""
_INDICATORS: LiteralString = f"""
    select score.*, law.group_code, law.indicator_name
    from marts.fct_indicator as score
    join (
        select distinct indicator_code, group_code, indicator_name from marts.dim_indicator
    ) as law using (indicator_code)
    where {_ROWS} order by indicator_code
"""


def run(unit: str | None, period: str | None, profile: str, as_json: bool) -> None:
    """Print the scorecard of a unit (the home unit) and period (the month of the newest night)."""
    unit = unit or settings.load().unit
    with connect() as connection:
        day = newest_day(connection)
        asked = periods.parse(period) if period else periods.current(day)[0]
        card = read(connection, unit, asked, profile)
    if card is None:
        raise ChisoError(
            f"Không có bảng điểm của đơn vị {unit} cho {asked.label} theo bộ quy tắc {profile}: hãy"
            " kiểm tra mã đơn vị (CHISO_UNIT, nguồn units), kỳ đã có dữ liệu, và bộ quy tắc"
            " (portal-2026 hoặc decision-766-text)."
        )
    if as_json:
        print(json.dumps(_as_json(card), ensure_ascii=False, indent=2))
    else:
        _print(card)


def newest_day(connection: psycopg.Connection) -> date:
    """The export day that the published marts are as of."""
    row = connection.execute(_AS_OF_DAY).fetchone()
    if row is None:
        raise ChisoError(
            "Chưa có số liệu nào được công bố: hãy chạy ./chiso nightly NGÀY rồi xem lại."
        )
    day: date = row[0]
    return day


def read(
    connection: psycopg.Connection, unit: str, period: Period, profile: str
) -> Scorecard | None:
    """Read one scorecard from the published marts; none for an unknown unit, period or profile."""
    named = {
        "unit": unit,
        "profile": profile,
        "period_type": period.type,
        "period_start": period.start,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        total = cursor.execute(_TOTAL, named).fetchone()
        if total is None:
            return None
        return Scorecard(
            unit_code=unit,
            unit_name=total["unit_name"] or unit,
            period=period,
            profile=profile,
            as_of_day=newest_day(connection),
            total=total,
            groups=cursor.execute(_GROUPS, named).fetchall(),
            indicators=cursor.execute(_INDICATORS, named).fetchall(),
        )


def decimal_comma(value: Decimal | None, places: int) -> str:
    """A number as Vietnamese readers write it; empty where there is none."""
    if value is None:
        return ""
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def count_text(value: Decimal | None) -> str:
    """A count, whole where it is whole (hours are not)."""
    if value is None:
        return ""
    return decimal_comma(value, 0 if value == value.to_integral_value() else 2)


def ratio_text(row: Row) -> str:
    """The ratio of an indicator: a share in percent, or hours per dossier (2.2)."""
    if row["ratio"] is None:
        return ""
    if row["indicator_code"] == "2.2":
        return f"{decimal_comma(row['ratio'], 1)} giờ"
    return f"{decimal_comma(100 * row['ratio'], 1)} %"


def _as_json(card: Scorecard) -> Row:
    shown = ("numerator", "denominator", "ratio", "score", "max_score", "status")
    return {
        "unit_code": card.unit_code,
        "unit_name": card.unit_name,
        "period_type": card.period.type,
        "period_start": card.period.start.isoformat(),
        "profile": card.profile,
        "as_of": card.total["as_of"].isoformat(),
        "total_score": float(card.total["total_score"]),
        "max_score": float(card.total["max_score"]),
        "rating": card.total["rating"],
        "measured_indicators": card.total["measured_indicators"],
        "expected_indicators": card.total["expected_indicators"],
        "groups": [
            {
                "group_code": group["group_code"],
                "group_name": group["group_name"],
                "score": float(group["score"]),
                "max_score": float(group["max_score"]),
            }
            for group in card.groups
        ],
        "indicators": [
            {"indicator_code": row["indicator_code"], "indicator_name": row["indicator_name"]}
            | {name: _plain(row[name]) for name in shown}
            for row in card.indicators
        ],
    }


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _print(card: Scorecard) -> None:
    table = Table(title=f"Bảng điểm Quyết định 766 – {card.unit_name} – {card.period.label}")
    for title, justify in (
        ("Mã", "left"),
        ("Nhóm / chỉ số", "left"),
        ("Đạt", "right"),
        ("Tổng", "right"),
        ("Tỷ lệ", "right"),
        ("Điểm", "right"),
        ("Tối đa", "right"),
        ("Ghi chú", "left"),
    ):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for group in card.groups:
        _add_group(table, group, card.indicators)
    table.add_row(
        "",
        "TỔNG ĐIỂM",
        "",
        "",
        "",
        decimal_comma(card.total["total_score"], 2),
        decimal_comma(card.total["max_score"], 0),
        f"xếp loại: {RATING_NAMES[card.total['rating']]}",
        style="bold",
    )
    table.caption = (
        f"Số liệu đến hết ngày {card.as_of_day:%d/%m/%Y} · bộ quy tắc {card.profile} ·"
        f" đo được {card.total['measured_indicators']}/{card.total['expected_indicators']} chỉ số"
    )
    # A pipe has no width of its own; a table squeezed to 80 columns would lose its names.
    console = Console()
    Console(width=None if console.is_terminal else 140).print(table)


def _add_group(table: Table, group: Row, indicators: list[Row]) -> None:
    table.add_row(
        group["group_code"],
        group["group_name"],
        "",
        "",
        "",
        decimal_comma(group["score"], 2),
        decimal_comma(group["max_score"], 0),
        "",
        style="bold",
    )
    for row in indicators:
        if row["group_code"] == group["group_code"]:
            table.add_row(
                f"  {row['indicator_code']}",
                row["indicator_name"],
                count_text(row["numerator"]),
                count_text(row["denominator"]),
                ratio_text(row),
                decimal_comma(row["score"], 2),
                decimal_comma(row["max_score"], 0) if row["max_score"] else "–",
                STATUS_NAMES[row["status"]],
            )
    table.add_section()
