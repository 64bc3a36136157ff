"""The leadership's brief as a Word document of one page: where the unit stands, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, LiteralString

import docx
import psycopg
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from psycopg.rows import dict_row

from chiso766 import period as periods
from chiso766 import scorecard, settings
from chiso766.errors import ChisoError
from chiso766.period import Period
from chiso766.scorecard import RATING_NAMES, Scorecard, decimal_comma
from chiso766.set_aside_sheets import xml_text
from chiso766.situation import PROFILE

Row = dict[str, Any]

# So many fit on the page.
_MOVED = 3
_FIELDS = 3
_STEPS = 4

_FONT = "Times New Roman"
_CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT

_OF: LiteralString = """
    unit_code = %(unit)s and period_type = %(period_type)s and period_start = %(period_start)s
"""
_STANDING: LiteralString = f"select * from marts.unit_ranking where {_OF}"
_LATE: LiteralString = f"""
    select coalesce(field_name, 'Chưa rõ lĩnh vực') as field_name,
        sum(denominator - numerator)::integer as dossiers
    from marts.fct_indicator_by_procedure
    left join marts.dim_procedure using (procedure_code)
    where {_OF} and profile = '{PROFILE}' and indicator_code = '2.1' and numerator < denominator
    group by 1 order by 2 desc, 1
"""
_OPEN: LiteralString = """
    select urgency, count(*) as dossiers
    from marts.dossier_worklist
    join intermediate.int_unit_tree as tree using (unit_code)
    where tree.ancestor_code = %(unit)s
    group by urgency
"""
_BEST_STEPS: LiteralString = f"""
    select action_name, sum(units_of_work) as units_of_work, sum(points_gained) as points_gained,
        string_agg(array_to_string(effects, ','), ',') as effects
    from marts.improvement_plan where {_OF}
    group by action_name having sum(points_gained) > 0
    order by points_gained desc, action_name limit {_STEPS}
"""


@dataclass(frozen=True)
class Brief:
    """``before``: the scorecard of the period before. ``standing``: the row of ``unit_ranking``.

    ``late``: fields with the late and overdue dossiers of 2.1, most first. ``urgent``: open
    dossiers now by urgency; None for a period that is over, like ``steps``.
    """

    card: Scorecard
    before: Scorecard | None
    standing: Row | None
    late: list[Row]
    urgent: dict[str, int] | None
    steps: list[Row]
    parent_name: str | None


def read(
    connection: psycopg.Connection, unit: str, period: Period, parent_name: str | None
) -> Brief:
    """What the published marts say of a unit and period of the scorecard."""
    card = scorecard.read(connection, unit, period, PROFILE)
    if card is None:
        raise ChisoError(
            f"Không có bảng điểm của đơn vị {unit} cho {period.label} để tóm tắt: hãy kiểm tra mã"
            " đơn vị và kỳ đã có dữ liệu."
        )
    asked = {"unit": unit, "period_type": period.type, "period_start": period.start}
    is_current = period in periods.current(card.as_of_day)
    with connection.cursor(row_factory=dict_row) as cursor:
        return Brief(
            card=card,
            before=scorecard.read(connection, unit, period.before, PROFILE),
            standing=cursor.execute(_STANDING, asked).fetchone(),
            late=cursor.execute(_LATE, asked).fetchall(),
            urgent={
                row["urgency"]: row["dossiers"] for row in cursor.execute(_OPEN, asked).fetchall()
            }
            if is_current
            else None,
            steps=cursor.execute(_BEST_STEPS, asked).fetchall(),
            parent_name=parent_name,
        )


def write(path: Path, brief: Brief) -> None:
    """Write the brief; raises ``OSError``."""
    document = docx.Document()
    _set_up(document, brief.card)
    _letterhead(document, brief)
    _heading(document, "1. Điểm, xếp loại, thứ hạng")
    for sentence in _standing(brief):
        _line(document, sentence)
    _heading(document, _what_changed(brief))
    _groups(document, brief)
    document.add_paragraph().paragraph_format.line_spacing = Pt(6)
    for sentence in _moved(brief):
        _line(document, sentence)
    _heading(document, "3. Hồ sơ trễ hạn, quá hạn")
    for sentence in _late(brief):
        _line(document, sentence)
    _heading(document, "4. Việc cần làm")
    for sentence in _to_do(brief):
        _line(document, sentence)
    _signature(document, brief.card.as_of_day)
    document.save(str(path))


def _standing(brief: Brief) -> list[str]:
    total = brief.card.total
    sentences = [
        f"Tổng điểm {_score(total['total_score'])}/{_whole(total['max_score'])}, xếp loại"
        f" {RATING_NAMES[total['rating']]}; đo được {total['measured_indicators']}/"
        f"{total['expected_indicators']} chỉ số."
    ]
    if (standing := brief.standing) is not None:
        by = "Cổng Dịch vụ công quốc gia công bố" if standing["source"] == "portal" else "tự tính"
        sentence = (
            f"Thứ hạng {standing['rank']}/{standing['rank_of']} theo điểm {by}"
            f" ({_score(standing['total_score'])} điểm)"
        )
        if standing["rank_last_month"] is not None:
            sentence += f"; một tháng trước xếp thứ {standing['rank_last_month']}"
        target = settings.load().target_rank
        lacking = standing["gap_to_target_rank"]
        sentence += (
            f"; còn thiếu {_score(lacking)} điểm để xếp thứ {target}."
            if lacking
            else f"; đã đạt mục tiêu thứ {target}."
        )
        sentences.append(sentence)
    return sentences


def _what_changed(brief: Brief) -> str:
    if brief.before is None:
        return "2. Điểm theo nhóm (chưa có số liệu kỳ trước để so sánh)"
    change = brief.card.total["total_score"] - brief.before.total["total_score"]
    return f"2. Thay đổi so với {_lower(brief.before.period.label)}: {_signed(change)} điểm"


def _groups(document: Document, brief: Brief) -> None:
    before = (
        {row["group_code"]: row["score"] for row in brief.before.groups} if brief.before else {}
    )
    titles = ("Nhóm chỉ số", "Tối đa", "Kỳ này", "Kỳ trước", "Thay đổi")
    table = document.add_table(rows=1, cols=len(titles), style="Table Grid")
    for cell, title in zip(table.rows[0].cells, titles, strict=True):
        _fill(cell, title, bold=True, centre=True)
    for row in brief.card.groups:
        was = before.get(row["group_code"])
        change = "" if was is None else _signed(row["score"] - was)
        cells = table.add_row().cells
        _fill(cells[0], row["group_name"])
        values = (_whole(row["max_score"]), _score(row["score"]), _score(was), change)
        for cell, value in zip(cells[1:], values, strict=True):
            _fill(cell, value, centre=True)
    _set_widths(table, 7.3, 2.2, 2.2, 2.4, 2.4)


def _moved(brief: Brief) -> list[str]:
    """The indicators that gained and lost most; a score that does not exist adds 0."""
    if brief.before is None:
        return []
    none = Decimal(0)
    was = {row["indicator_code"]: row["score"] or none for row in brief.before.indicators}
    changes: list[tuple[Decimal, str, str]] = [
        (
            (row["score"] or none) - was.get(row["indicator_code"], none),
            row["indicator_code"],
            row["indicator_name"],
        )
        for row in brief.card.indicators
    ]
    sentences = []
    for title, moved in (
        ("Tăng nhiều nhất", sorted((one for one in changes if one[0] > 0), reverse=True)),
        ("Giảm nhiều nhất", sorted(one for one in changes if one[0] < 0)),
    ):
        if moved:
            named = [f"{code} {name} ({_signed(by)})" for by, code, name in moved[:_MOVED]]
            sentences.append(f"{title}: {'; '.join(named)}.")
    return sentences


def _late(brief: Brief) -> list[str]:
    late = sum(row["dossiers"] for row in brief.late)
    [progress] = [row for row in brief.card.indicators if row["indicator_code"] == "2.1"]
    counted = int(progress["denominator"] or 0)
    sentences = [f"Trong kỳ có {_whole(late)}/{_whole(counted)} hồ sơ trễ hạn hoặc đang quá hạn."]
    if brief.late:
        fields = [
            f"{row['field_name']} ({_whole(row['dossiers'])})" for row in brief.late[:_FIELDS]
        ]
        sentences.append(f"Nhiều nhất ở lĩnh vực: {'; '.join(fields)}.")
    return sentences


def _to_do(brief: Brief) -> list[str]:
    """First what is urgent, then the steps of the plan that gain most."""
    if brief.urgent is None:
        return ["Kỳ đã hết; việc của kỳ hiện tại xem ở bản tóm tắt của kỳ hiện tại."]
    overdue = brief.urgent.get("overdue", 0)
    soon = brief.urgent.get("today", 0) + brief.urgent.get("3_days", 0)
    sentences = [
        f"Giải quyết {_whole(overdue)} hồ sơ đang quá hạn; giữ đúng hạn {_whole(soon)} hồ sơ đến"
        " hạn hôm nay và trong 3 ngày làm việc tới."
    ]
    sentences += [
        f"{row['action_name']}: {_whole(row['units_of_work'])} việc,"
        f" +{_score(row['points_gained'])} điểm (chỉ số {_each_once(row['effects'])})."
        for row in brief.steps
    ]
    if not brief.steps:
        lacks = brief.standing is None or brief.standing["gap_to_target_rank"]
        sentences.append(
            "Chưa có phương án nâng điểm cho kỳ này."
            if lacks
            else "Không có việc nào khác cần làm để giữ thứ hạng mục tiêu."
        )
    return sentences


# The document


def _set_up(document: Document, card: Scorecard) -> None:
    """A4 with the margins of administrative documents (Decree 30/2020, Annex I)."""
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.top_margin = page.bottom_margin = Cm(2)
    page.left_margin, page.right_margin = Cm(3), Cm(1.5)
    usual = document.styles["Normal"]
    usual.font.name, usual.font.size = _FONT, Pt(12)
    usual.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    usual.paragraph_format.space_before = usual.paragraph_format.space_after = Pt(0)
    about = document.core_properties
    about.author = about.last_modified_by = "chiso766"
    about.title = f"Tóm tắt điểm Quyết định 766, {card.period.label}"
    about.created = about.modified = datetime.combine(card.as_of_day, time())


def _letterhead(document: Document, brief: Brief) -> None:
    card = brief.card
    table = document.add_table(rows=1, cols=2)
    _set_widths(table, 6.3, 10.2)
    left, right = table.rows[0].cells
    if brief.parent_name:
        _fill(left, brief.parent_name.upper(), centre=True)
        _add(left.add_paragraph(), card.unit_name.upper(), bold=True, align=_CENTRE)
    else:
        _fill(left, card.unit_name.upper(), bold=True, centre=True)
    _fill(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold=True, centre=True)
    motto = _add(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", bold=True, align=_CENTRE)
    motto.runs[0].underline = True
    title = _add(document.add_paragraph(), "TÓM TẮT ĐIỂM QUYẾT ĐỊNH 766", bold=True, align=_CENTRE)
    title.runs[0].font.size = Pt(14)
    title.paragraph_format.space_before = Pt(12)
    about = f"{card.period.label}, số liệu đến hết ngày {card.as_of_day:%d/%m/%Y}"
    _add(document.add_paragraph(), about, italic=True, align=_CENTRE)


def _heading(document: Document, text: str) -> None:
    paragraph = _add(document.add_paragraph(), text, bold=True)
    paragraph.paragraph_format.space_before = Pt(8)
    paragraph.paragraph_format.space_after = Pt(3)


def _line(document: Document, text: str) -> None:
    paragraph = _add(document.add_paragraph(), f"– {text}", align=WD_ALIGN_PARAGRAPH.JUSTIFY)
    paragraph.paragraph_format.space_after = Pt(2)
    paragraph.paragraph_format.first_line_indent = Cm(0.75)


def _signature(document: Document, day: date) -> None:
    dated = f"…………, ngày …… tháng …… năm {day.year}"
    paragraph = _add(document.add_paragraph(), dated, italic=True, align=_RIGHT)
    paragraph.paragraph_format.space_before = Pt(10)
    left, right = document.add_table(rows=1, cols=2).rows[0].cells
    for cell, text in ((left, "NGƯỜI TỔNG HỢP"), (right, "THỦ TRƯỞNG ĐƠN VỊ")):
        _fill(cell, text, bold=True, centre=True)


def _set_widths(table: Table, *centimetres: float) -> None:
    table.autofit = False
    for column, width in zip(table.columns, centimetres, strict=True):
        column.width = Cm(width)  # for LibreOffice; Word reads those of the cells
        for cell in column.cells:
            cell.width = Cm(width)


def _fill(cell: _Cell, text: str, bold: bool = False, centre: bool = False) -> None:
    _add(cell.paragraphs[0], text, bold=bold, align=_CENTRE if centre else None)


def _add(
    paragraph: Paragraph,
    text: str,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH | None = None,
) -> Paragraph:
    run = paragraph.add_run(xml_text(text))
    run.bold, run.italic = bold, italic
    if align is not None:
        paragraph.alignment = align
    return paragraph


def _score(score: Decimal | None) -> str:
    return decimal_comma(score, 2)


def _signed(score: Decimal) -> str:
    return f"+{_score(score)}" if score > 0 else _score(score).replace("-", "−")


def _whole(count: Decimal | int) -> str:
    return decimal_comma(Decimal(count), 0)


def _each_once(codes: str) -> str:
    return ", ".join(sorted(set(codes.split(","))))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
