"""./chiso columns: how a file would be read, what is missing and what to add. No database is asked,
and no value of a row is shown.

What a field means stands in ``dbt/seeds/reference/source_fields.csv``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chiso766 import settings, suites, terminal
from chiso766.errors import ChisoError
from chiso766.names import fold
from chiso766.privacy import is_personal
from chiso766.readers import reading
from chiso766.readers.export import Export, Refused
from chiso766.readers.header import Column, Use
from chiso766.readers.titles import COLUMNS, NOT_READ, fields_by_title, users_folder
from chiso766.rows import Tidy, Unreadable
from chiso766.sources import SOURCES, Source

ALIAS_FILE = "ten_cot.csv"
QUESTIONED = "surveys"  # the source whose other columns are questions
UNDECIDED = "?"  # no field: an alias file that still has it is refused, with the line
_OBJECTS = 1_000  # at the beginning of a JSON file, whose fields are listed
_MOST_COLUMNS = 500
_LONGEST_TITLE = 120
_CLOSE = 0.75
_REFERENCE = settings.PROJECT_ROOT / "dbt" / "seeds" / "reference"

_ORIGINS = {
    "option": "theo --source",
    "folder": "theo tên thư mục chứa tệp",
    "columns": "đoán theo các cột; hãy ghi --source nếu không đúng",
}
_USES = {
    Use.DROPPED: "không lưu: dữ liệu cá nhân",
    Use.PERSONAL: "không đọc: tên cột cho thấy là dữ liệu cá nhân",
    Use.REPEATED: "không đọc: một cột trước đã là trường này",
    Use.UNTITLED: "không đọc: cột không có tiêu đề",
    Use.ROW_NUMBER: "không đọc: số thứ tự",
    Use.NOT_READ: "không đọc: tệp tên cột ghi như vậy",
}


@dataclass
class Look:
    """How a file is read as an export of ``source``; ``origin``: what named the source.

    ``columns``: of a table, or the names in the first objects. ``refusal``: why it is not read.
    ``aliases``: (title, field) to add, the field ``UNDECIDED`` where none is close.
    """

    source: Source
    origin: str
    form: str = ""
    is_table: bool = False
    columns: list[Column] = field(default_factory=list)
    rows: int = 0
    unreadable: int = 0
    without_key: int = 0
    refusal: str | None = None

    @property
    def missing(self) -> list[str]:
        found = {column.name for column in self.columns if column.use is Use.FIELD}
        return [name for name in self.source.fields if name not in found]

    @property
    def lacks_key(self) -> bool:
        """Whether the table has no key field at all, for which it is refused."""
        return self.is_table and set(self.source.key) <= set(self.missing)

    @property
    def aliases(self) -> list[tuple[str, str]]:
        if not self.is_table:
            return []
        taken = {column.name for column in self.columns}
        by_title = fields_by_title(self.source)
        aliases = []
        for column in self.columns[:_MOST_COLUMNS]:
            if column.use is not Use.EXTRA or len(column.title) > _LONGEST_TITLE:
                continue
            close = get_close_matches(fold(column.title), by_title, n=1, cutoff=_CLOSE)
            nearest = by_title[close[0]] if close else NOT_READ
            if nearest not in {NOT_READ, *taken}:
                aliases.append((column.title, nearest))
            elif self.source.name != QUESTIONED:
                aliases.append((column.title, UNDECIDED))
        return aliases


def run(path: Path, source_name: str | None, as_json: bool) -> None:
    """Print how the file would be read; raises ``Refused`` where it would not."""
    if not path.is_file():
        raise ChisoError(f"Không có tệp {path}: hãy kiểm tra lại đường dẫn.")
    console = terminal.console()
    with console.status(f"Đang đọc {escape(path.name)}"):
        look = look_at(path, source_name)
    if as_json:
        print(json.dumps(_as_json(path, look), ensure_ascii=False, indent=2))
    elif look.columns:
        _print(path, look)
    if look.refusal:
        raise Refused(look.refusal)


def look_at(path: Path, source_name: str | None) -> Look:
    """Read the file whole, as the export of the source that is named, or that it looks like."""
    if source_name:
        if source_name not in SOURCES:
            raise ChisoError(
                f"Không có nguồn {source_name}: hãy chọn một trong {', '.join(SOURCES)}."
            )
        look = Look(SOURCES[source_name], "option")
    elif folder := SOURCES.get(path.resolve().parent.name):
        look = Look(folder, "folder")
    else:
        look = Look(_likeliest(path), "columns")
    try:
        _read(path, look)
    except Refused as refused:
        look.refusal = str(refused)
    if look.refusal and not look.columns:
        _read_header_without_key(path, look)
    return look


def _likeliest(path: Path) -> Source:
    """The source most of whose fields the file has; of two the one that lacks fewer."""
    found: dict[str, tuple[int, int]] = {}
    refusals = set()
    for source in SOURCES.values():
        try:
            with reading(path, path.name, source) as export:
                names = {column.name for column in _columns(export, source)}
        except Refused as refused:
            refusals.add(str(refused))
            continue
        if known := names & {*source.fields, *source.dropped}:
            found[source.name] = (len(known), -len(source.fields.keys() - names))
    if found:
        return SOURCES[max(found, key=lambda name: found[name])]
    if len(refusals) == 1:
        raise Refused(refusals.pop())
    raise ChisoError(
        f"Không rõ tệp {path.name} thuộc nguồn nào: hãy ghi --source NGUỒN, một trong"
        f" {', '.join(SOURCES)}."
    )


def _read(path: Path, look: Look) -> None:
    tidy = Tidy(look.source, (b"",))
    names = list(look.source.fields)
    keys = [1 + names.index(key) for key in look.source.key if key not in look.source.blank_key]
    with reading(path, path.name, look.source) as export:
        look.form, look.is_table = export.form, export.header is not None
        look.columns = _columns(export, look.source)
    with reading(path, path.name, look.source) as export:
        for _, row in export.lines:
            look.rows += 1
            try:
                values = tidy.columns(row)
            except Unreadable:
                look.unreadable += 1
            else:
                look.without_key += any(values[key] is None for key in keys)


def _read_header_without_key(path: Path, look: Look) -> None:
    """Find the header by any field that it has; a row without one may be a row of data."""
    for name in look.source.fields:
        with suppress(Refused), reading(path, path.name, replace(look.source, key=(name,))) as it:
            if it.header:
                look.form, look.is_table = it.form, True
                look.columns = list(it.header.columns)
                return


def _columns(export: Export, source: Source) -> list[Column]:
    """The columns of a table, or the names in the first objects as columns."""
    if export.header:
        return list(export.header.columns)
    names: dict[str, None] = {}
    for _, row in islice(export.lines, _OBJECTS):
        names.update(dict.fromkeys(row or ()))
    fields = {name.lower(): name for name in (*source.fields, *source.dropped)}
    return [
        Column(name, fields.get(name.lower(), name), _use(name, fields, source))
        for name in islice(names, _MOST_COLUMNS)
    ]


def _use(name: str, fields: Mapping[str, str], source: Source) -> Use:
    known = fields.get(name.lower())
    if known in source.dropped:
        return Use.DROPPED
    if known:
        return Use.FIELD
    return Use.PERSONAL if is_personal(name) else Use.EXTRA


# --- what is printed ------------------------------------------------------------------------


def _as_json(path: Path, look: Look) -> dict[str, Any]:
    required = _required(look.source)
    return {
        "file": path.name,
        "source": look.source.name,
        "source_from": look.origin,
        "form": look.form,
        "columns": [
            {"title": column.title, "name": column.name, "use": column.use.name.lower()}
            for column in look.columns
        ],
        "missing": [
            {"field": name, "key": name in look.source.key, "required": name in required}
            for name in look.missing
        ],
        "rows": look.rows,
        "unreadable": look.unreadable,
        "without_key": look.without_key,
        "refusal": look.refusal,
        "alias_file": str(_alias_file()),
        "aliases": [{"title": title, "field": name} for title, name in look.aliases],
    }


def _print(path: Path, look: Look) -> None:
    console = Console()
    console = Console(width=None if console.is_terminal else 140, highlight=False)
    names = {row["source"]: row["source_name"] for row in _reference("sources")}
    meanings = {
        row["field"]: row["meaning"]
        for row in _reference("source_fields")
        if row["source"] == look.source.name
    }
    console.print(
        f"{escape(_plain(path.name))}: nguồn {look.source.name} ({names[look.source.name]};"
        f" {_ORIGINS[look.origin]}). Cách đọc: {escape(_plain(look.form))}.",
        soft_wrap=True,
    )
    console.print(_columns_table(look, meanings))
    if look.missing:
        console.print(_missing_table(look, meanings))
    if not look.refusal:
        console.print(_counts(look))
    if look.aliases:
        _print_aliases(console, look)
    if look.is_table and look.source.name == QUESTIONED:
        console.print(
            f"Cột nào không phải câu hỏi, hãy thêm vào {escape(str(_alias_file()))} dòng"
            f" {QUESTIONED},TIÊU ĐỀ, (không ghi trường) để cột đó không được đọc.",
            soft_wrap=True,
        )


def _columns_table(look: Look, meanings: Mapping[str, str]) -> Table:
    table = Table("Cột", "Tiêu đề trong tệp", "Đọc thành", "Nghĩa", title="Các cột của tệp")
    extra = "giữ nguyên dưới tên này"
    if look.source.name == QUESTIONED:
        extra = "câu hỏi của phiếu; trả lời từ 1 đến 5"
    for number, column in enumerate(look.columns, 1):
        is_field = column.use is Use.FIELD
        meaning = meanings.get(column.name, "") if is_field else _USES.get(column.use, extra)
        is_known = is_field or column.use in (Use.DROPPED, Use.REPEATED)
        name = column.name if is_known else ""
        table.add_row(str(number), escape(_plain(column.title)), escape(_plain(name)), meaning)
    return table


def _missing_table(look: Look, meanings: Mapping[str, str]) -> Table:
    table = Table("Trường", "Nghĩa", "Hệ quả", title="Các trường không có trong tệp")
    required = _required(look.source)
    absent = "giữ giá trị đã nạp trước đó" if look.is_table else "coi là để trống"
    for name in look.missing:
        if name in look.source.key and look.lacks_key:
            effect = "cột khóa: vì thiếu nên tệp bị từ chối"
        elif name in required:
            effect = "bắt buộc: thiếu thì dòng bị để riêng"
            if look.is_table and name not in look.source.key:
                effect += ", trừ dòng đã nạp trước đó"
        else:
            effect = absent
        table.add_row(name, meanings.get(name, ""), effect)
    return table


def _counts(look: Look) -> str:
    counts = f"Đọc {look.rows} dòng; {look.unreadable} dòng không đọc được"
    return f"{counts}, {look.without_key} dòng thiếu khóa; các quy tắc khác xét khi nạp."


def _print_aliases(console: Console, look: Look) -> None:
    path = _alias_file()
    console.print(
        f"Nếu cột giữ nguyên là một trường của nguồn, hãy thêm dòng của nó vào {escape(str(path))};"
        f" thay {UNDECIDED} bằng tên trường, hoặc xóa {UNDECIDED} để cột đó không được đọc:",
        soft_wrap=True,
    )
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    if not path.exists():
        writer.writerow(COLUMNS)
    writer.writerows((look.source.name, _plain(title), name) for title, name in look.aliases)
    print(lines.getvalue(), end="")


def _plain(title: str) -> str:
    """A title that steers no terminal; a very long one is cut."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in title)
    return shown if len(shown) <= _LONGEST_TITLE else f"{shown[:_LONGEST_TITLE]}…"


def _alias_file() -> Path:
    return users_folder() / ALIAS_FILE


def _required(source: Source) -> set[str]:
    """The fields without which a row is set aside."""
    content = json.loads((suites.FOLDER / f"{source.name}.json").read_text(encoding="utf-8"))
    return {
        expectation["meta"]["field"]
        for expectation in content["expectations"]
        if expectation["type"] == "expect_column_values_to_not_be_null"
    }


def _reference(name: str) -> Iterable[dict[str, str]]:
    with (_REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
