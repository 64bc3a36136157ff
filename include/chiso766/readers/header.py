"""The header of a table: what each column is, and which columns are not read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from chiso766.names import fold
from chiso766.privacy import is_personal
from chiso766.readers.titles import NOT_READ, fields_by_title
from chiso766.sources import Source

# Folded titles of the running number.
ROW_NUMBERS = frozenset({"stt", "tt", "sott", "sothutu"})


class Use(Enum):
    """What becomes of a column."""

    FIELD = "a field of the source"
    EXTRA = "kept under its title"
    DROPPED = "a personal field of the source"
    SEALED = "a personal field of the source, kept encrypted only"
    PERSONAL = "personal by its title"
    REPEATED = "an earlier column is the same field"
    UNTITLED = "without a title"
    ROW_NUMBER = "the running number of the rows"
    NOT_READ = "an alias says that it is not read"


_READ = (Use.FIELD, Use.EXTRA, Use.SEALED)
_WITHHELD = (Use.PERSONAL, Use.REPEATED, Use.UNTITLED)


@dataclass(frozen=True)
class Column:
    """A column: its title as written, and the field it is (its title where it is none)."""

    title: str
    name: str
    use: Use


@dataclass(frozen=True)
class Header:
    """The columns in their order, and the line or row where the header ends (from 1)."""

    columns: tuple[Column, ...]
    line: int

    @property
    def names(self) -> tuple[str | None, ...]:
        """The name under which each column's cells are read; None: they are not read."""
        return tuple(c.name if c.use in _READ else None for c in self.columns)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the source that the table has."""
        return tuple(column.name for column in self.columns if column.use is Use.FIELD)

    @property
    def withheld(self) -> tuple[str, ...]:
        """Titles of columns that are not read, though the source does not say they are personal."""
        return tuple(
            column.title or f"cột thứ {place} (không tên)"
            for place, column in enumerate(self.columns, 1)
            if column.use in _WITHHELD
        )


def read_header(titles: Iterable[Sequence[str]], line: int, source: Source) -> Header:
    """The columns by their titles.

    ``titles``: of each column the forms of its title, the fullest first ("Ngày tiếp nhận", then
    "tiếp nhận" where "Ngày" stands above it); the first form that names a field decides.
    """
    by_title = fields_by_title(source)
    columns: list[Column] = []
    taken: set[str] = set()
    for forms in titles:
        title, *shorter = (" ".join(form.split()) for form in forms)
        known = (by_title.get(fold(form)) for form in (title, *shorter))
        name = next((field for field in known if field is not None), title)
        columns.append(Column(title, name or title, _use(title, name, taken, source)))
        taken.add(name)
    return Header(tuple(columns), line)


def _use(title: str, name: str, taken: set[str], source: Source) -> Use:
    if not title:
        return Use.UNTITLED
    if name == NOT_READ:
        return Use.NOT_READ
    if fold(name) in ROW_NUMBERS:
        return Use.ROW_NUMBER
    if name in source.dropped:
        is_read = source.reads_dropped and name not in source.identity
        return Use.SEALED if is_read else Use.DROPPED
    if name not in source.fields and is_personal(name):
        return Use.PERSONAL
    if name in taken:
        return Use.REPEATED
    return Use.FIELD if name in source.fields else Use.EXTRA


def no_header(header: Header, place: str, source: Source) -> str:
    """Why a table is refused, the rest of a sentence; ``place``: where a header was looked for."""
    seen = f"chỉ nhận ra {', '.join(header.fields)}" if header.fields else "không rõ cột nào"
    return (
        f"không có dòng tiêu đề đọc được ở {place}: {seen}, thiếu cột khóa"
        f" {', '.join(source.key)}; hãy thêm dòng tiêu đề hoặc bổ sung tên cột vào tệp tên cột"
        " (./chiso columns TỆP cho biết cần thêm gì)."
    )
