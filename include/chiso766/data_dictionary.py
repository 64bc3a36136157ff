"""dbt's docs: every table, column, test and metric with its description and its way, as one page.

They change with the dbt project only, so most nights keep the page that is there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from chiso766 import file_export, parsed, settings
from chiso766.errors import ChisoError


def page_path() -> Path:
    """The page."""
    return settings.load().home / "reports" / "tu_dien_du_lieu.html"


def write(day: date) -> None:
    """Write the page of the published tables unless it is that of the present dbt project.

    Raises ``OSError`` where there is no room.
    """
    mark = f"<!-- {parsed.files_digest()} -->"
    if page_path().exists() and page_path().read_text(encoding="utf-8").endswith(mark):
        return
    from chiso766.build import run_dbt  # importing dbt takes seconds

    result = run_dbt(["docs", "generate", "--static"], day, 0, published=True)
    made = settings.load().home / "dbt" / "static_index.html"
    if not result.success:
        raise ChisoError(
            "Không viết được từ điển dữ liệu: số liệu và trang báo cáo đã công bố không bị ảnh"
            f" hưởng, hãy xem {settings.load().logs / 'dbt.log'} rồi chạy lại đêm đó."
        )
    draft = page_path().with_suffix(".draft")
    with file_export.recorded("publish", "từ điển dữ liệu", page_path()):
        draft.write_text(made.read_text(encoding="utf-8") + mark, encoding="utf-8")
        draft.replace(page_path())
