"""The forms of administrative-procedure control: their columns, and their rows from the marts.

Source: Circular 01/2020/TT-VPCP for form II.06a; the others, whose prescribed layout was not
found, say in their title block that their layout is our own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from chiso766.errors import ChisoError
from chiso766.report_period import ReportPeriod

Row = dict[str, Any]

_OWN_LAYOUT = "Mẫu nội bộ"
CATEGORIES = {
    "quy_dinh": "Quy định hành chính, thủ tục hành chính",
    "hanh_vi": "Hành vi của cán bộ, công chức, viên chức",
    "khac": "Nội dung khác",
}
NO_CATEGORY = "Chưa phân loại"
CAUSES = {
    "wrong_due_time": "Hẹn trả trước khi tiếp nhận",
    "returned": "Dừng, rút, từ chối sau hạn",
    "supplement_again": "Bổ sung từ hai lần",
    "supplement": "Bổ sung một lần",
    "fee": "Chờ nộp phí, lệ phí",
    "handling": "Xử lý chậm",
}
_OUTCOMES = {"late": "Đã giải quyết", "open_overdue": "Đang giải quyết"}


@dataclass(frozen=True)
class Column:
    """A column of a form: its headings from top to bottom, and where its values come from.

    ``of``: a column of the rows. ``parts``: numbers of the columns that sum to it, by its place in
    the form, from 1. ``share``: the two columns whose share it shows. ``width``: in characters.
    """

    headings: tuple[str, ...]
    of: str
    parts: tuple[int, ...] = ()
    share: tuple[int, int] | None = None
    width: float = 9.5

    @property
    def is_count(self) -> bool:
        return self.share is None and self.of not in _TEXTS


# Columns of the rows that are no counts.
_TEXTS = (
    *("number", "name", "dossier_code", "procedure_name", "unit_name", "received_at", "due_at"),
    *("finished_at", "outcome", "cause", "apology"),
)


@dataclass(frozen=True)
class Form:
    """``equal``: pairs of columns (by their place, from 1) that must be equal, as (3) = (7) + (11).

    ``has_total``: a list has none.
    """

    name: str
    sheet: str
    number: tuple[str, str]
    title: str
    counts: str
    columns: tuple[Column, ...]
    rows: Callable[[psycopg.Connection, str, ReportPeriod], list[Row]]
    equal: tuple[tuple[int, tuple[int, ...]], ...] = ()
    has_total: bool = True
    note: str = ""


@dataclass(frozen=True)
class Filled:
    """A form with its rows; ``total``: the sums of its counts, by column."""

    form: Form
    rows: list[Row]
    total: Row


def fill(form: Form, connection: psycopg.Connection, unit: str, period: ReportPeriod) -> Filled:
    """The form of a unit (with those below it) and report period; its identities hold."""
    rows = form.rows(connection, unit, period)
    counts = [column.of for column in form.columns if column.is_count]
    total = {of: sum(row[of] for row in rows) for of in counts} if form.has_total else {}
    for row in [*rows, total] if form.has_total else []:
        _check(form, row, unit, period)
    return Filled(form, rows, total)


def _check(form: Form, row: Row, unit: str, period: ReportPeriod) -> None:
    sums = [(number, column.parts) for number, column in enumerate(form.columns, 1) if column.parts]
    for number, parts in (*sums, *form.equal):
        if _at(form, row, number) != sum(_at(form, row, part) for part in parts):
            right = " + ".join(f"({part})" for part in parts)
            raise ChisoError(
                f"Biểu {form.sheet} của đơn vị {unit}, kỳ {period.label} sai ở dòng"
                f" “{row.get('name', 'Tổng số')}”: cột ({number}) khác {right}; biểu chưa được ghi,"
                " hãy báo người phụ trách phần mềm."
            )


def _at(form: Form, row: Row, number: int) -> int:
    count: int = row[form.columns[number - 1].of]
    return count


_OF: LiteralString = """
    unit_code = %(unit)s and period_type = %(period_type)s and period_start = %(period_start)s
"""
_FIELDS: dict[str, LiteralString] = {
    "06a": f"select *, field_name as name from marts.report_06a where {_OF}",
    "06b": f"select *, field_name as name from marts.report_06b where {_OF}",
    "so-hoa": f"select *, field_name as name from marts.report_digitisation where {_OF}",
}
_PETITIONS: LiteralString = f"select * from marts.report_petition where {_OF}"
_LATE: LiteralString = f"""
    select dossier.*, procedure_name, coalesce(unit_name, receiving_unit_code) as unit_name
    from marts.report_dossier as dossier
    left join marts.dim_procedure using (procedure_code)
    left join (select unit_code as receiving_unit_code, unit_name from marts.dim_unit) as unit
        using (receiving_unit_code)
    where {_OF} and cause is not null
    order by working_days_late desc nulls last, dossier_code
"""


def _select(
    connection: psycopg.Connection, query: LiteralString, unit: str, period: ReportPeriod
) -> list[Row]:
    asked = {
        "unit": unit,
        "period_type": period.period_type,
        "period_start": period.period_start,
    }
    return connection.cursor(row_factory=dict_row).execute(query, asked).fetchall()


def _by_field(name: str) -> Callable[[psycopg.Connection, str, ReportPeriod], list[Row]]:
    def rows(connection: psycopg.Connection, unit: str, period: ReportPeriod) -> list[Row]:
        found = _select(connection, _FIELDS[name], unit, period)
        return _numbered(sorted(found, key=_place_of_field))

    return rows


def _place_of_field(row: Row) -> tuple[bool, str, str]:
    """By the Vietnamese alphabet (đ after d, marks last); what has no field at the end."""
    letters = unicodedata.normalize("NFD", row["name"].lower().replace("đ", "d~"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return not row["field_code"], bare, letters


def _petitions(connection: psycopg.Connection, unit: str, period: ReportPeriod) -> list[Row]:
    found = {row["category"]: row for row in _select(connection, _PETITIONS, unit, period)}
    none = {column.of: 0 for column in PETITIONS.columns if column.is_count}
    rows = [found.get(one, none) | {"name": name} for one, name in CATEGORIES.items()]
    others = [row | {"name": NO_CATEGORY} for one, row in found.items() if one not in CATEGORIES]
    return _numbered([*rows, *others])


def _late(connection: psycopg.Connection, unit: str, period: ReportPeriod) -> list[Row]:
    times = ("received_at", "due_at", "finished_at")
    return _numbered(
        [
            row
            | {time: row[time].date() if row[time] else "" for time in times}
            | {
                "procedure_name": row["procedure_name"] or row["procedure_code"],
                "outcome": _OUTCOMES[row["outcome"]],
                "cause": CAUSES[row["cause"]],
                "apology": "",
            }
            for row in _select(connection, _LATE, unit, period)
        ]
    )


def _numbered(rows: list[Row]) -> list[Row]:
    return [row | {"number": number} for number, row in enumerate(rows, 1)]


def _columns(*columns: Column, name: str) -> tuple[Column, ...]:
    first = (Column(("STT",), "number", width=5), Column((name,), "name", width=34))
    return (*first, *columns)


_RECEIVED = "Số lượng hồ sơ tiếp nhận"
_SETTLED = "Số lượng hồ sơ đã giải quyết"
_IN_PROGRESS = "Số lượng hồ sơ đang giải quyết"

FORM_06A = Form(
    name="06a",
    sheet="II.06a",
    number=("Biểu số II.06a/VPCP/KSTT", "Ban hành theo Thông tư số 01/2020/TT-VPCP"),
    title="TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC\nTẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC",
    counts="Đơn vị tính: số hồ sơ TTHC",
    columns=_columns(
        Column((_RECEIVED, "Tổng số"), "received", parts=(4, 5, 6), width=10),
        Column((_RECEIVED, "Trong kỳ", "Trực tuyến"), "received_online"),
        Column(
            (_RECEIVED, "Trong kỳ", "Trực tiếp, dịch vụ bưu chính"), "received_direct", width=11
        ),
        Column((_RECEIVED, "Từ kỳ trước"), "carried_over"),
        Column((_SETTLED, "Tổng số"), "settled", parts=(8, 9, 10), width=10),
        Column((_SETTLED, "Trước hạn"), "settled_early"),
        Column((_SETTLED, "Đúng hạn"), "settled_on_time"),
        Column((_SETTLED, "Quá hạn"), "settled_late"),
        Column((_IN_PROGRESS, "Tổng số"), "in_progress", parts=(12, 13), width=10),
        Column((_IN_PROGRESS, "Trong hạn"), "in_progress_in_time"),
        Column((_IN_PROGRESS, "Quá hạn"), "in_progress_overdue"),
        name="Lĩnh vực giải quyết",
    ),
    rows=_by_field("06a"),
    equal=((3, (7, 11)),),
)
FORM_06B = Form(
    name="06b",
    sheet="II.06b",
    number=("Biểu số II.06b/VPCP/KSTT", _OWN_LAYOUT),
    title="NGUYÊN NHÂN QUÁ HẠN TRONG GIẢI QUYẾT TTHC THEO LĨNH VỰC",
    counts="Đơn vị tính: số hồ sơ TTHC",
    columns=_columns(
        Column(("Số hồ sơ quá hạn", "Tổng số"), "late", parts=(4, 5), width=10),
        Column(("Số hồ sơ quá hạn", "Đã giải quyết"), "settled_late"),
        Column(("Số hồ sơ quá hạn", "Đang giải quyết"), "in_progress_overdue"),
        *(
            Column(("Chia theo nguyên nhân", name), cause, width=10.5)
            for cause, name in CAUSES.items()
        ),
        name="Lĩnh vực giải quyết",
    ),
    rows=_by_field("06b"),
    equal=((3, (6, 7, 8, 9, 10, 11)),),
    note=(
        "Hệ thống nguồn không gửi nguyên nhân; nguyên nhân nhận ra từ hồ sơ, hồ sơ có nhiều nguyên"
        " nhân tính theo cột đầu tiên từ trái sang."
    ),
)
PETITIONS = Form(
    name="pakn",
    sheet="PAKN",
    number=("Biểu tổng hợp phản ánh, kiến nghị", _OWN_LAYOUT),
    title="TÌNH HÌNH TIẾP NHẬN, XỬ LÝ PHẢN ÁNH, KIẾN NGHỊ",
    counts="Đơn vị tính: số phản ánh, kiến nghị",
    columns=_columns(
        Column(("Số PAKN tiếp nhận", "Tổng số"), "received", parts=(4, 5), width=10),
        Column(("Số PAKN tiếp nhận", "Trong kỳ"), "received_in_period"),
        Column(("Số PAKN tiếp nhận", "Từ kỳ trước"), "carried_over"),
        Column(("Số PAKN đã xử lý", "Tổng số"), "handled", parts=(7, 8), width=10),
        Column(("Số PAKN đã xử lý", "Đúng hạn"), "handled_on_time"),
        Column(("Số PAKN đã xử lý", "Quá hạn"), "handled_late"),
        Column(("Số PAKN đang xử lý", "Tổng số"), "in_progress", parts=(10, 11), width=10),
        Column(("Số PAKN đang xử lý", "Trong hạn"), "in_progress_in_time"),
        Column(("Số PAKN đang xử lý", "Quá hạn"), "in_progress_overdue"),
        name="Nội dung phản ánh, kiến nghị",
    ),
    rows=_petitions,
    equal=((3, (6, 9)),),
    note="Đã xử lý: đã trả lời, từ chối, chuyển trả, hoặc đang chờ người gửi bổ sung thông tin.",
)
DIGITISATION = Form(
    name="so-hoa",
    sheet="Số hóa, thanh toán",
    number=("Biểu số hóa, thanh toán trực tuyến", _OWN_LAYOUT),
    title="KẾT QUẢ SỐ HÓA HỒ SƠ VÀ THANH TOÁN TRỰC TUYẾN THEO LĨNH VỰC",
    counts="Đơn vị tính: số hồ sơ TTHC",
    columns=_columns(
        Column(("Số hồ sơ",), "dossiers"),
        Column(("Có tệp thành phần", "Số hồ sơ"), "with_component_file"),
        Column(("Có tệp thành phần", "Tỷ lệ"), "", share=(4, 3)),
        Column(("Có kết quả điện tử", "Số hồ sơ"), "with_electronic_result"),
        Column(("Có kết quả điện tử", "Tỷ lệ"), "", share=(6, 3)),
        Column(("Đã số hóa", "Số hồ sơ"), "digitised"),
        Column(("Đã số hóa", "Tỷ lệ"), "", share=(8, 3)),
        Column(("Sử dụng lại dữ liệu", "Số hồ sơ"), "reusing_data"),
        Column(("Sử dụng lại dữ liệu", "Tỷ lệ"), "", share=(10, 3)),
        Column(("Thanh toán phí, lệ phí", "Phải nộp"), "owing_fee"),
        Column(("Thanh toán phí, lệ phí", "Trực tuyến"), "paid_online"),
        Column(("Thanh toán phí, lệ phí", "Tỷ lệ"), "", share=(13, 12)),
        name="Lĩnh vực giải quyết",
    ),
    rows=_by_field("so-hoa"),
    note=(
        "Đã số hóa: có tệp thành phần hồ sơ và, nếu kết quả là giấy tờ, có kết quả điện tử. Thanh"
        " toán: hồ sơ tiếp nhận trong kỳ của thủ tục có phí, lệ phí."
    ),
)
LATE = Form(
    name="tre-han",
    sheet="Hồ sơ quá hạn",
    number=("Danh sách hồ sơ quá hạn", _OWN_LAYOUT),
    title="DANH SÁCH HỒ SƠ GIẢI QUYẾT QUÁ HẠN\nVÀ ĐANG GIẢI QUYẾT QUÁ HẠN",
    counts="",
    columns=(
        Column(("STT",), "number", width=5),
        Column(("Mã hồ sơ",), "dossier_code", width=20),
        Column(("Thủ tục",), "procedure_name", width=33),
        Column(("Đơn vị tiếp nhận",), "unit_name", width=20),
        Column(("Ngày tiếp nhận",), "received_at", width=11.5),
        Column(("Hẹn trả",), "due_at", width=10.5),
        Column(("Ngày giải quyết xong",), "finished_at", width=10.5),
        Column(("Tình trạng",), "outcome", width=12),
        Column(("Số ngày làm việc quá hạn",), "working_days_late"),
        Column(("Nguyên nhân",), "cause", width=15),
        Column(("Đã gửi thư xin lỗi",), "apology"),
    ),
    rows=_late,
    has_total=False,
    note=(
        "Hệ thống nguồn không gửi việc gửi thư xin lỗi: cột (11) do đơn vị ghi. Nguyên nhân nhận ra"
        " từ hồ sơ; 0 ngày là chưa hết một ngày làm việc."
    ),
)
FORMS = {form.name: form for form in (FORM_06A, FORM_06B, PETITIONS, DIGITISATION, LATE)}
