"""Step 5, publish: the home unit's scorecard as one page, and spreadsheets of rows set aside."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
from jinja2 import Environment, PackageLoader, StrictUndefined
from psycopg.rows import dict_row

from chiso766 import period as periods
from chiso766 import scorecard, set_aside_sheets, settings
from chiso766.database import connect
from chiso766.errors import ChisoError

_PROFILE = "portal-2026"


def page_path() -> Path:
    """The page of the newest night."""
    return settings.load().home / "reports" / "scorecard.html"


def publish_reports() -> None:
    """Write the page of the published marts, also under its day, and what goes back to clerks."""
    with connect() as connection:
        day = scorecard.newest_day(connection)
        page = _page(connection, day)
    folder = settings.make_private(page_path().parent)
    for path in (folder / f"scorecard-{day}.html", page_path()):
        draft = path.with_suffix(".draft")
        try:
            draft.write_text(page, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise ChisoError(
                f"Không ghi được trang báo cáo {path} ({error.strerror}): hãy kiểm tra quyền truy"
                " cập và chỗ trống trên ổ đĩa rồi chạy lại đêm đó."
            ) from error
    set_aside_sheets.write_sheets()


def _page(connection: psycopg.Connection, day: date) -> str:
    unit = settings.load().unit
    cards = [
        card
        for period in periods.current(day)
        if (card := scorecard.read(connection, unit, period, _PROFILE))
    ]
    with connection.cursor(row_factory=dict_row) as cursor:
        sources = cursor.execute(
            "select * from marts.data_status where export_day = %s order by source", [day]
        ).fetchall()
        [counted] = cursor.execute(
            "select coalesce(sum(rows_open), 0) as rows_open from marts.set_aside_status"
        ).fetchall()
    environment = Environment(
        loader=PackageLoader("chiso766"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "decimal_comma": scorecard.decimal_comma,
        "count_text": scorecard.count_text,
        "ratio_text": scorecard.ratio_text,
    }
    return environment.get_template("scorecard.html").render(
        unit=unit,
        day=day,
        cards=cards,
        sources=sources,
        rows_open=counted["rows_open"],
        sheets=set_aside_sheets.folder().name,
        rating_names=scorecard.RATING_NAMES,
        status_names=scorecard.STATUS_NAMES,
    )
