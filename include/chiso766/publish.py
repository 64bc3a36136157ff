"""Step 5, publish: the home unit's morning page and public page, spreadsheets of rows set aside,
and the pages that explain the data.

They lie in ``<CHISO_HOME>/reports`` of the machine that wrote them; where machines share an object
store (``CHISO_LANDING``) its folder ``reports`` is the place to find them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import psycopg

from chiso766 import (
    data_dictionary,
    data_docs,
    file_export,
    morning_page,
    object_store,
    public_page,
    scorecard,
    set_aside_sheets,
    settings,
)
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.gate import PUBLICATION_LOCK


def page_path() -> Path:
    """The page of the newest night."""
    return settings.load().home / "reports" / "scorecard.html"


def publish_reports() -> None:
    """Write the page of the published marts, also under its day, what goes back to clerks, and what
    explains the data to analysts.
    """
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [PUBLICATION_LOCK])
        day = scorecard.newest_day(connection)
        pages: tuple[Path, ...] = (page_path().with_stem(f"scorecard-{day}"), page_path())
        _write(f"trang báo cáo ngày {day}", pages, morning_page.write(connection, day))
        if (public := public_page.write(connection, day)) is not None:
            pages = (*pages, public_page.page_path())
            _write(f"trang công khai ngày {day}", pages[-1:], public)
        set_aside_sheets.write_sheets()
        _explain(connection, day)
        _share(pages)


def _write(title: str, pages: Iterable[Path], content: str) -> None:
    settings.make_private(page_path().parent)
    for path in pages:
        draft = path.with_suffix(".draft")
        try:
            with file_export.recorded("publish", title, path):
                draft.write_text(content, encoding="utf-8")
                draft.replace(path)
        except OSError as error:
            raise ChisoError(
                f"Không ghi được trang báo cáo {path} ({error.strerror}): hãy kiểm tra quyền truy"
                " cập và chỗ trống trên ổ đĩa rồi chạy lại đêm đó."
            ) from error


def _explain(connection: psycopg.Connection, day: date) -> None:
    try:
        data_dictionary.write(day)
        data_docs.write(connection, day)
    except OSError as error:
        raise ChisoError(
            f"Không ghi được các trang giải thích dữ liệu vào {page_path().parent}"
            f" ({error.strerror}): hãy kiểm tra quyền truy cập và chỗ trống trên ổ đĩa rồi chạy lại"
            " đêm đó."
        ) from error


def _share(pages: Iterable[Path]) -> None:
    """Bring the store's reports to what was just written here, by whichever machine before."""
    store = object_store.declared()
    if store is None:
        return
    sheets, rules = set_aside_sheets.folder(), data_docs.folder()
    explained = (path for path in rules.rglob("*") if path.is_file())
    paths = [*sheets.glob("*/*.xlsx"), *explained, data_dictionary.page_path(), *pages]
    share(paths)
    here = {share_key(path) for path in paths}
    # The rows of a spreadsheet were corrected, a check is of an earlier night.
    for folder in (sheets, rules):
        for key in store.tags(share_key(folder)).keys() - here:
            store.delete(key)


def share(paths: Iterable[Path]) -> None:
    """Bring to the store, where machines share one, what it does not hold so of these reports."""
    store = object_store.declared()
    if store is None:
        return
    there = store.tags(page_path().parent.name)
    for path in paths:
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if there.get(share_key(path)) != digest:
            store.upload(path, share_key(path))


def share_key(path: Path) -> str:
    """Where a file or folder of the reports is found in the store."""
    return path.relative_to(page_path().parents[1]).as_posix()
