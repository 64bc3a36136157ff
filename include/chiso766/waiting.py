"""Which landed files wait to be loaded, for the first time or again, and in which order."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

import psycopg
from psycopg.rows import class_row

from chiso766.sources import Source

# Checked together: a night's small files; a large one takes its time whether alone or not, and is
# done when it is done.
_MOST_FILES = 200
_MOST_BYTES = 32 << 20

# The files of a source in their order, with what came of them. A load is out of date when a file
# before its own was loaded after it and changed rows, or set rows aside that this one may heal; and
# when its day was asked to be loaded again. After a file that is new at the end nothing was loaded.
# What was purged cannot be loaded again; so what comes before it now comes too late.
_NEXT_FILES = """
    with loads as (
        select file.file_id, export_day, file_name, file.sha256, bytes, newest.load_id,
            newest.state,
            max(changing.load_id) over (
                order by export_day, file_name, file.file_id
                rows between unbounded preceding and 1 preceding
            ) as changed_before,
            bool_and(newest.load_id is null) over (
                order by export_day desc, file_name desc, file.file_id desc
            ) as is_new_at_end,
            coalesce(bool_or(purge.file_id is not null) over (
                order by export_day, file_name, file.file_id
                rows between 1 following and unbounded following
            ), false) as came_too_late,
            (
                select max(after_load_id) from ops.reload
                where reload.export_day = file.export_day
            ) as asked_after
        from ops.file
        left join ops.purge on purge.file_id = file.file_id
        left join lateral (
            select load_id, state from ops.load
            where load.file_id = file.file_id order by load_id desc limit 1
        ) as newest on true
        left join lateral (
            select max(load_id) as load_id from ops.load
            where load.file_id = file.file_id and (rows_changed > 0 or rows_opened > 0)
        ) as changing on true
        where source = %(source)s
    )
    select file_id, export_day, file_name, sha256, bytes, is_new_at_end, came_too_late from loads
    where (load_id is null and export_day <= %(day)s)
        or (state = 'loaded' and changed_before > load_id)
        or load_id <= asked_after
    order by export_day, file_name, file_id
    limit %(most)s
"""


@dataclass(frozen=True)
class File:
    """A row of ``ops.file`` that waits; ``came_too_late``: a file after it was purged."""

    file_id: int
    export_day: date
    file_name: str
    sha256: str
    bytes: int
    is_new_at_end: bool
    came_too_late: bool


def next_files(connection: psycopg.Connection, source: Source, day: date) -> list[File]:
    """The file whose turn it is, with those after it that can be checked together with it.

    Files that were never loaded wait for the night of their day, ``day`` being the newest.
    """
    given = {"source": source.name, "day": day, "most": _MOST_FILES}
    files = connection.cursor(row_factory=class_row(File)).execute(_NEXT_FILES, given).fetchall()
    if not files or not files[0].is_new_at_end:
        return files[:1]
    sizes = list(accumulate(file.bytes for file in files))
    return files[: max(1, bisect_right(sizes, _MOST_BYTES))]
