"""Which field a column title names: the field itself, or an alias of it.

Aliases stand in CSV files with the columns ``source``, ``title``, ``field``, one file per source
system: those of this folder's sibling ``aliases`` and those that a user puts into
``CHISO_HOME/aliases``. A line without a field says that the column is not read.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from chiso766 import settings
from chiso766.errors import ChisoError
from chiso766.names import fold
from chiso766.sources import SOURCES, Source

NOT_READ = ""
"""The field of a title whose column is not read."""

COLUMNS = ("source", "title", "field")
_SHIPPED = Path(__file__).parents[1] / "aliases"
_DELIMITERS = ",;\t"  # Excel writes the second or the third

Alias = tuple[str, str, str]
"""Source, folded title, field."""


def fields_by_title(source: Source) -> Mapping[str, str]:
    """Folded title -> field of the source, specified or dropped, or ``NOT_READ``.

    A user's alias wins over the name of a field, and that over a shipped alias.
    """
    own = {fold(field): field for field in (*source.fields, *source.dropped)}
    users = (alias for path in sorted(users_folder().glob("*.csv")) for alias in _aliases(path))
    return _of(source, _shipped()) | own | _of(source, users)


def users_folder() -> Path:
    """Where a user puts alias files."""
    return settings.load().home / "aliases"


def _of(source: Source, aliases: Iterable[Alias]) -> dict[str, str]:
    return {title: field for name, title, field in aliases if name == source.name}


@cache
def _shipped() -> list[Alias]:
    return [alias for path in sorted(_SHIPPED.glob("*.csv")) for alias in _aliases(path)]


def _aliases(path: Path) -> Iterator[Alias]:
    """The lines of an alias file, with or without a header; a wrong one is named, not skipped."""
    text = _text(path)
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for number, line in enumerate(lines, 1):
        cells = tuple(cell.strip() for cell in line)
        if not any(cells) or cells == COLUMNS:
            continue
        if len(cells) != len(COLUMNS) or not fold(cells[1]) or not _is_known(cells[0], cells[2]):
            raise ChisoError(
                f"Tệp tên cột {path}, dòng {number}: hãy ghi ba cột {', '.join(COLUMNS)} với nguồn"
                " và trường có trong tài liệu định dạng tệp xuất; để trống trường nếu không đọc cột"
                " đó."
            )
        yield cells[0], fold(cells[1]), cells[2]


def _text(path: Path) -> str:
    content = path.read_bytes()
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    try:
        return content.decode("utf-16" if content.startswith(marks) else "utf-8-sig")
    except UnicodeDecodeError:
        raise ChisoError(
            f'Tệp tên cột {path} không phải UTF-8: hãy lưu lại bằng Excel dưới dạng "CSV UTF-8".'
        ) from None


def _is_known(source_name: str, field: str) -> bool:
    source = SOURCES.get(source_name)
    return source is not None and field in (*source.fields, *source.dropped, NOT_READ)
