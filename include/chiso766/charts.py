"""The charts of the morning page: SVG, drawn by Vega-Lite when the page is written.

The texts in them use the reader's own fonts, so they show Vietnamese marks wherever the page opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import vl_convert
from lxml import etree
from markupsafe import Markup

from chiso766.scorecard import decimal_comma

Row = dict[str, Any]

# The colours of the page's style sheet.
INK, MUTED, FAINT, ACCENT = "#1c2733", "#55616e", "#d9e1e8", "#0b5580"

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_CONFIG: Row = {
    "aria": False,  # the chart speaks as a whole, and its table stands beside it
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": FAINT,
        "domainColor": FAINT,
        "tickColor": FAINT,
    },
    "text": {"font": _FONT, "fontSize": 11, "color": INK},
}
_WIDTH, _TREND_HEIGHT, _GROUP_HEIGHT = 360, 240, 30
_MONTH_DAYS = 31
_ROOM = Decimal("0.6")  # points above the highest and below the lowest mark


def trend(
    now: Sequence[tuple[date, Decimal]],
    before: Sequence[tuple[date, Decimal]],
    lines: Sequence[tuple[Decimal, str]],
    expected: tuple[date, Decimal, Decimal] | None,
    text: str,
) -> Markup:
    """The total of each night by day of the month; points.

    ``now``, ``before``: the nights of this month and of the one before it. ``lines``: scores to
    reach, with their names. ``expected``: the month's last day, lowest and highest score that the
    forecast expects. ``text``: what is said to who cannot see the chart.
    """
    scores = [score for _, score in [*now, *before]] + list(expected[1:] if expected else ())
    lowest, highest = min(scores), max(scores)
    near = sorted(line for line in lines if lowest - 3 <= line[0] <= highest + 3)
    marks = scores + [score for score, _ in near]
    scale = {"domain": [float(min(marks) - _ROOM), float(max(marks) + _ROOM)], "nice": False}
    day = {
        "field": "day",
        "type": "quantitative",
        "scale": {"domain": [1, _MONTH_DAYS], "nice": False},
        "axis": {"title": "ngày trong tháng", "values": [1, 5, 10, 15, 20, 25, 30], "grid": False},
    }
    score = {
        "field": "score",
        "type": "quantitative",
        "scale": scale,
        "axis": {"title": None, "tickCount": 5, "labelExpr": "replace(datum.label, '.', ',')"},
    }
    layers: list[Row] = [
        _layer({"type": "line", "color": MUTED, "strokeWidth": 1.2}, _nights(before), day, score),
        # The lower name stands below its line, the higher one above: they never meet.
        *(
            _line_to_reach(value, name, 11 if number < len(near) - 1 else -6, day, score)
            for number, (value, name) in enumerate(near)
        ),
        _layer({"type": "line", "color": ACCENT, "strokeWidth": 2.4}, _nights(now), day, score),
        _layer({"type": "point", "color": ACCENT, "filled": True}, _nights(now), day, score),
    ]
    if expected:
        last_day, low, high = expected
        ends = [{"day": last_day.day, "score": float(low), "high": float(high)}]
        mark = {"type": "rule", "color": ACCENT, "strokeWidth": 5, "opacity": 0.35}
        layers.append(_layer(mark, ends, day, score))
        layers[-1]["encoding"]["y2"] = {"field": "high"}
    fell = len(now) > 1 and now[-1][1] < now[-2][1]
    label = {"type": "text", "fontWeight": "bold", "fontSize": 13, "color": ACCENT}
    label |= {"dy": 16 if fell else -11}  # away from the line
    label |= {"align": "right" if now[-1][0].day > _MONTH_DAYS / 2 else "left"}
    layers.append(_layer(label, _nights(now[-1:]), day, score))
    layers[-1]["encoding"]["text"] = {"field": "label"}
    return _drawn({"height": _TREND_HEIGHT, "layer": layers}, "xu-huong", text)


def groups(rows: Sequence[Row], text: str) -> Markup:
    """The score of each group as a bar on its maximum; rows of ``fct_group_score`` with names."""
    values = [
        {
            "group": row["group_name"],
            "score": float(row["score"]),
            "max": float(row["max_score"]),
            "label": f"{decimal_comma(row['score'], 2)} / {decimal_comma(row['max_score'], 0)}",
        }
        for row in rows
    ]
    largest = max(value["max"] for value in values)
    name = {
        "field": "group",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            "domain": False,
            "ticks": False,
            "labelLimit": 180,
            "labelPadding": 8,
            "labelColor": INK,
            "labelFontSize": 12,
        },
    }

    def bar(field: str) -> Row:
        scale = {"domain": [0, largest * 1.55]}  # the labels stand behind the bars
        return {"field": field, "type": "quantitative", "axis": None, "scale": scale}

    label = {"type": "text", "align": "left", "dx": 5, "fontSize": 12}
    layers = [
        _layer({"type": "bar", "color": FAINT, "height": 14}, values, bar("max"), name),
        _layer({"type": "bar", "color": ACCENT, "height": 14}, values, bar("score"), name),
        _layer(label, values, bar("max"), name),
    ]
    layers[-1]["encoding"]["text"] = {"field": "label"}
    return _drawn({"height": _GROUP_HEIGHT * len(values), "layer": layers}, "nhom", text)


def _nights(nights: Sequence[tuple[date, Decimal]]) -> list[Row]:
    return [
        {"day": day.day, "score": float(score), "label": decimal_comma(score, 2)}
        for day, score in nights
    ]


def _layer(mark: Row, values: list[Row], x: Row, y: Row) -> Row:
    return {"mark": mark, "data": {"values": values}, "encoding": {"x": x, "y": y}}


def _line_to_reach(value: Decimal, name: str, below: int, day: Row, score: Row) -> Row:
    at = [{"day": 1, "score": float(value), "end": _MONTH_DAYS, "label": name}]
    rule = _layer({"type": "rule", "strokeDash": [4, 3], "color": MUTED}, at, day, score)
    rule["encoding"]["x2"] = {"field": "end"}
    label = _layer({"type": "text", "align": "left", "dy": below, "color": MUTED}, at, day, score)
    label["encoding"]["text"] = {"field": "label"}
    return {"layer": [rule, label]}


def _drawn(spec: Row, name: str, text: str) -> Markup:
    common: Row = {
        "$schema": _SCHEMA,
        "config": _CONFIG,
        "width": _WIDTH,
        "padding": 2,
        "autosize": {"type": "fit", "contains": "padding"},
    }
    # No address may be asked: what is drawn stands in the specification.
    svg = vl_convert.vegalite_to_svg(common | spec, allowed_base_urls=[])
    return _speaking(svg, name, text)


def _speaking(svg: str, name: str, text: str) -> Markup:
    """The drawing as one image with a text alternative, as wide as the place it gets."""
    root = etree.fromstring(svg)
    for attribute in ("width", "height", "class"):
        del root.attrib[attribute]
    for part in root.iter():  # what Vega names its parts is not for readers
        part.attrib.pop("role", "")
        part.attrib.pop("aria-roledescription", "")
    root.set("id", f"bieu-do-{name}")
    root.set("role", "img")
    root.set("aria-labelledby", f"bieu-do-{name}-mo-ta")
    description = etree.Element("{http://www.w3.org/2000/svg}desc")
    description.set("id", f"bieu-do-{name}-mo-ta")
    description.text = text
    root.insert(0, description)
    return Markup(etree.tostring(root, encoding="unicode"))
