"""Asks the National Public Service Portal what it published; its answers are files of the day.

The answers land byte by byte as exports of ``portal_scores``; what they say, and whether it can be
believed, is judged where they are loaded (``readers/portal_answer.py``). The night does not wait
for the portal, and what it refuses fails nothing: ``data_status`` says it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from time import sleep as pause
from typing import TYPE_CHECKING

import psycopg
from structlog.contextvars import bound_contextvars

from chiso766 import connectors, period
from chiso766.connectors import http, transfer
from chiso766.connectors.offered import Offered
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import OwnFault, note_failures, take
from chiso766.period import Period
from chiso766.readers.json_text import Broken, parse
from chiso766.readers.portal_answer import ENDPOINTS

if TYPE_CHECKING:
    from airflow.sdk import Connection

logger = logging.getLogger(__name__)

PAUSE_S = 2.0  # between two requests
PAGE_SIZE = 200  # units
_MOST_PAGES = 50
_SOURCE = "portal_scores"
_PATH = "api/v1/reporting/evaluation"
_ROOT = "root_department_id"
# Figures of a period still change so long after its end.
_PUBLISHED_LATE = timedelta(days=15)
# Ask no more today: who we are is refused, or that we ask so much.
_REFUSALS = (401, 403, 429)
# Any number that nothing else locks: the portal is asked by one run at a time.
_PULL_LOCK = 766_000_005


@bound_contextvars(source=_SOURCE)
def pull_day(day: date) -> None:
    """Ask for the periods that hold the export day, or held the day fifteen days before it.

    Without the Airflow connection ``cong_dvcqg`` nothing is asked. What the portal refuses, or
    answers with an error, is noted for the day and fails nothing. Asked again for the same day,
    equal answers are nothing new. Raises ``ChisoError`` where this machine is to blame.
    """
    connection = connectors.declared(connectors.PORTAL)
    if connection is None:
        logger.info(
            "Chưa khai báo kết nối %s nên không hỏi điểm của Cổng DVCQG; câu trả lời lấy cách khác"
            " có thể để vào thư mục %s của ngày.",
            connectors.PORTAL,
            _SOURCE,
        )
        return
    try:
        with connect(autocommit=True) as warehouse:
            warehouse.execute("select pg_advisory_lock(%s)", [_PULL_LOCK])
            failures = _pull(warehouse, connection, day)
            note_failures(warehouse, day, _SOURCE, connectors.PORTAL, failures)
    except psycopg.Error as error:
        code = error.sqlstate or type(error).__name__
        raise ChisoError(
            f"Không ghi được câu trả lời của Cổng DVCQG (mã lỗi cơ sở dữ liệu {code}): hãy kiểm tra"
            " cơ sở dữ liệu rồi chạy lại ngày này."
        ) from error
    for failure in failures:
        logger.warning("%s", failure)


def _pull(warehouse: psycopg.Connection, connection: Connection, day: date) -> list[str]:
    """Land what the portal answers; returns a sentence for each thing that it did not give."""
    try:
        connectors.check(connectors.PORTAL, connection, connectors.HTTP)
        root = connection.extra_dejson.get(_ROOT)
        if not root:
            raise ChisoError(
                f"Kết nối {connectors.PORTAL} thiếu {_ROOT} trong phần extra: hãy ghi mã đơn vị gốc"
                " trên Cổng DVCQG vào đó."
            )
        with http.opened(connectors.PORTAL, connection, ended_by=_REFUSALS) as server:
            return _Pull(warehouse, server, str(root), day).run()
    except OwnFault:
        raise
    except ChisoError as error:
        return [str(error)]


class _Pull:
    """One pull of every endpoint, period and page: one request after the other, with pauses."""

    def __init__(
        self, warehouse: psycopg.Connection, server: http.Server, root: str, day: date
    ) -> None:
        self._warehouse = warehouse
        self._server = server
        self._root = root
        self._day = day
        self._is_first = True

    def run(self) -> list[str]:
        """Returns what failed. An endpoint that fails hides no other; a second one that does not
        answer at all, or a refusal, ends the pull."""
        failures = []
        given_up = 0
        for endpoint in ENDPOINTS:
            try:
                for each in _periods(self._day):
                    self._take_pages(endpoint, each)
            except OwnFault:
                raise
            except ChisoError as error:
                failures.append(f"Chưa lấy đủ {endpoint} của Cổng DVCQG: {error}")
                given_up += isinstance(error, transfer.GivenUp)
                if isinstance(error, http.Unwelcome) or given_up > 1:
                    break
        return failures

    def _take_pages(self, endpoint: str, of: Period) -> None:
        before = None
        for page in range(1, _MOST_PAGES + 1):
            answer = self._ask(endpoint, self._body(endpoint, of, page))
            if answer == before:  # it gives everything on every page
                return
            take(self._warehouse, connectors.PORTAL, self._offered(endpoint, of, page, answer))
            if not _is_full(answer):
                return
            before = answer
        raise self._server.wrong(f"trả hơn {_MOST_PAGES} trang")

    def _ask(self, endpoint: str, body: dict[str, object]) -> bytes:
        if not self._is_first:
            pause(PAUSE_S)
        self._is_first = False
        address = self._server.url(f"{self._server.address}/{_PATH}/{endpoint}")
        return self._server.ask(address, body).body

    def _body(self, endpoint: str, of: Period, page: int) -> dict[str, object]:
        when: dict[str, object]
        if endpoint == "handling-satisfaction":
            last = min(of.last_day, self._day)
            when = {"fromDate": of.start.isoformat(), "toDate": last.isoformat()}
        else:
            when = {
                "timeType": of.type,
                "year": of.start.year,
                "quarter": of.quarter,
                "month": of.start.month,
            }
        paging = {"rootDepartmentId": self._root, "currentPage": page, "pageSize": PAGE_SIZE}
        return when | paging

    def _offered(self, endpoint: str, of: Period, page: int, answer: bytes) -> Offered:
        name = f"{endpoint}_{of.code}_{page}.json"

        @contextmanager
        def brought() -> Iterator[Path]:
            draft = transfer.Draft(transfer.drafts_of(_SOURCE, connectors.PORTAL), name)
            with draft.writing(None) as target:
                target.write(answer)
            yield draft.path
            draft.remove()

        place = f"{connectors.PORTAL}/{self._day}/{name}"
        return Offered(self._day, _SOURCE, name, place, None, brought)


def _periods(day: date) -> list[Period]:
    return list(dict.fromkeys(period.current(day) + period.current(day - _PUBLISHED_LATE)))


def _is_full(answer: bytes) -> bool:
    """Whether a page holds as many units as were asked for, so that there may be another."""
    try:
        document = parse(answer)
    except (Broken, UnicodeDecodeError):
        return False
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, dict):
        data = data.get("children", data.get("evaluation"))
    return isinstance(data, list) and len(data) >= PAGE_SIZE
