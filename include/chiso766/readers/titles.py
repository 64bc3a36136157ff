"""Which field a column title names: the field itself, or an alias of it.

Aliases stand in CSV files with the columns ``source``, ``title``, ``field``: those of this folder's
sibling ``aliases`` and those that a user puts into ``CHISO_HOME/aliases``, which win.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from chiso766 import settings
from chiso766.errors import ChisoError
from chiso766.names import fold
from chiso766.sources import SOURCES, Source

_SHIPPED = Path(__file__).parents[1] / "aliases"
_COLUMNS = ("source", "title", "field")


def fields_by_title(source: Source) -> Mapping[str, str]:
    """Folded title -> field of the source, specified or dropped."""
    known = {fold(field): field for field in (*source.fields, *source.dropped)}
    aliases = {
        fold(title): field
        for path in _alias_files()
        for name, title, field in _aliases(path)
        if name == source.name
    }
    return aliases | known


def _alias_files() -> Iterable[Path]:
    return [
        *sorted(_SHIPPED.glob("*.csv")),
        *sorted((settings.load().home / "aliases").glob("*.csv")),
    ]


def _aliases(path: Path) -> Iterator[tuple[str, str, str]]:
    """The lines of an alias file; a wrong one is named, not skipped."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(csv.reader(file), 1):
            if number == 1 or not line:
                continue
            if len(line) != len(_COLUMNS) or not _is_known(line[0], line[2]):
                raise ChisoError(
                    f"Tệp tên cột {path}, dòng {number}: hãy ghi ba cột {', '.join(_COLUMNS)}"
                    " với nguồn và trường có trong tài liệu định dạng tệp xuất."
                )
            yield line[0], line[1], line[2]


def _is_known(source_name: str, field: str) -> bool:
    source = SOURCES.get(source_name)
    return source is not None and (field in source.fields or field in source.dropped)
