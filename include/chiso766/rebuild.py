"""A past night rebuilt from ``raw``, as it was known then, beside the published marts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from chiso766 import settings
from chiso766.build import run_dbt
from chiso766.errors import ChisoError


@dataclass(frozen=True)
class Night:
    """What was known at the end of an export day.

    Where the day was published, all that was loaded then (``build_id`` is its last publication);
    else all that the exports through that day say, whenever they came (``build_id`` is None).
    """

    as_of_day: date
    last_load_id: int
    build_id: int | None


_NIGHT = """
    select night.export_day, coalesce(published.last_load_id, newest.load_id), published.build_id
    from ops.night
    cross join (select coalesce(max(load_id), 0) as load_id from ops.load) as newest
    left join lateral (
        select last_load_id, build_id from ops.build
        where as_of_day = export_day and state = 'published' order by build_id desc limit 1
    ) as published on true
    where export_day = %s
"""


def night_of(connection: psycopg.Connection, day: date) -> Night:
    """The night of an export day that was run; ``ChisoError`` for any other day."""
    row = connection.execute(_NIGHT, [day]).fetchone()
    if row is None:
        raise ChisoError(
            f"Chưa chạy đêm nào cho ngày {day:%d/%m/%Y}: hãy chọn ngày khác, hoặc chạy"
            f" ./chiso nightly {day} trước."
        )
    return Night(*row)


@contextmanager
def rebuilt(
    connection: psycopg.Connection, night: Night, schema: str, *models: str, **variables: Any
) -> Iterator[None]:
    """Build ``models`` and what they need as of ``night`` into ``schema``, which is dropped after.

    The law is that of today. The connection holds the build's lock (``build_lock``) and
    commits by itself.
    """
    drop = sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema))
    connection.execute(drop)
    try:
        result = run_dbt(
            ["run", "--select", *(f"+{model}" for model in models)],
            night.as_of_day,
            night.last_load_id,
            rebuild_schema=schema,
            **variables,
        )
        if not result.success:
            raise ChisoError(
                f"Dựng lại số liệu đêm {night.as_of_day:%d/%m/%Y} bị lỗi: số liệu đã công bố không"
                f" bị ảnh hưởng, hãy xem {settings.load().logs / 'dbt.log'}."
            )
        yield
    finally:
        connection.execute(drop)
