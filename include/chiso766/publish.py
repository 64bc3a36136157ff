"""Step 5, publish: the home unit's morning page, and spreadsheets of rows set aside.

They lie in ``<CHISO_HOME>/reports`` of the machine that wrote them; where machines share an object
store (``CHISO_LANDING``) its folder ``reports`` is the place to find them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from chiso766 import morning_page, object_store, scorecard, set_aside_sheets, settings
from chiso766.database import connect
from chiso766.errors import ChisoError

# Any number that nothing else locks: of two machines one at a time brings the reports up to date.
_REPORTS_LOCK = 766_000_006


def page_path() -> Path:
    """The page of the newest night."""
    return settings.load().home / "reports" / "scorecard.html"


def publish_reports() -> None:
    """Write the page of the published marts, also under its day, and what goes back to clerks."""
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_REPORTS_LOCK])
        day = scorecard.newest_day(connection)
        pages = (page_path().with_stem(f"scorecard-{day}"), page_path())
        _write(pages, morning_page.write(connection, day))
        set_aside_sheets.write_sheets()
        _share(pages)


def _write(pages: tuple[Path, ...], content: str) -> None:
    settings.make_private(page_path().parent)
    for path in pages:
        draft = path.with_suffix(".draft")
        try:
            draft.write_text(content, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise ChisoError(
                f"Không ghi được trang báo cáo {path} ({error.strerror}): hãy kiểm tra quyền truy"
                " cập và chỗ trống trên ổ đĩa rồi chạy lại đêm đó."
            ) from error


def _share(pages: tuple[Path, ...]) -> None:
    """Bring the store's reports to what was just written here, by whichever machine before."""
    store = object_store.declared()
    if store is None:
        return
    reports = page_path().parent
    sheets = set_aside_sheets.folder()
    paths = [*(path for path in sheets.glob("*/*.xlsx")), *pages]
    here = {f"{reports.name}/{path.relative_to(reports).as_posix()}": path for path in paths}
    there = store.tags(reports.name)
    for key, path in here.items():
        if there.get(key) != hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest():
            store.upload(path, key)
    for key in there.keys() - here.keys():
        if key.startswith(f"{reports.name}/{sheets.name}/"):  # its rows were corrected
            store.delete(key)
