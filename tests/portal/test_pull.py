"""The portal is asked politely; its answers land as they came, and its refusals fail nothing."""

from __future__ import annotations

import json
import logging
import shutil
import signal
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import portal, settings
from chiso766.check import check_day
from chiso766.connectors import transfer
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.landing import landing_path
from chiso766.portal import PAUSE_S, pull_day

from ..conftest import Logged
from ..connectors.servers import Answer, HttpServer, new_certificate
from ..deliveries import DAY, GOOD, deliver, empty, loads, newest, select
from ..faults import nights
from ..faults.injection import FOLDERS, Fault
from .answers import CITY, ENDPOINTS, WARD, answer, listed_unit, ok, result
from .conftest import PREFIX, TOKEN, Declare, Portal, Say

# DAY is 20 November: fifteen days before, the same month.
PERIODS = ("2026-11", "2026-Q4", "2026")


def landed() -> dict[str, bytes]:
    files = select("select file_name, sha256 from ops.file where source = 'portal_scores'")
    return {file["file_name"]: landing_path(file["sha256"]).read_bytes() for file in files}


def sentences(day: date = DAY) -> list[str]:
    rows = select(
        "select sentence from ops.fetch_failure where source = 'portal_scores'"
        " and origin = 'cong_dvcqg' and export_day = %s order by sentence",
        day,
    )
    return [row["sentence"] for row in rows]


def at(endpoint: str, *failing: Answer) -> Say:
    """Good answers, but for the first requests for an endpoint."""
    left = list(failing)

    def say(asked: str, body: Any) -> Answer:
        return left.pop(0) if asked == endpoint and left else Answer(answer(asked), status=201)

    return say


def always(endpoint: str, failing: Answer) -> Say:
    return lambda asked, body: failing if asked == endpoint else Answer(answer(asked))


# --- what is asked ---------------------------------------------------------------------------


def test_every_endpoint_is_asked_for_every_period_one_after_the_other_with_pauses(
    replayed: Portal,
) -> None:
    pull_day(DAY)

    expected: list[str | float] = []
    for endpoint in ENDPOINTS:
        for _ in PERIODS:
            expected += [endpoint, PAUSE_S]
    assert replayed.course == expected[:-1]
    assert PAUSE_S > 0
    headers = replayed.server.headers
    assert {each["Authorization"] for each in headers} == {f"Bearer {TOKEN}"}
    assert sentences() == []


def test_the_bodies_are_those_of_the_contract(replayed: Portal) -> None:
    pull_day(DAY)

    paging = {"rootDepartmentId": CITY, "currentPage": 1, "pageSize": 200}
    of: dict[str, list[Any]] = {endpoint: [] for endpoint in ENDPOINTS}
    for endpoint, body in zip(replayed.asked, replayed.server.bodies, strict=True):
        of[endpoint].append(body)
    timed = [
        {"timeType": "month", "year": 2026, "quarter": 4, "month": 11} | paging,
        {"timeType": "quarter", "year": 2026, "quarter": 4, "month": 10} | paging,
        {"timeType": "year", "year": 2026, "quarter": 1, "month": 1} | paging,
    ]
    dated = [
        {"fromDate": first, "toDate": "2026-11-20"} | paging
        for first in ("2026-11-01", "2026-10-01", "2026-01-01")
    ]
    assert of.pop("handling-satisfaction") == dated
    assert list(of.values()) == [timed] * 6


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 15), ("2026-11", "2026-Q4", "2026", "2026-10")),
        (date(2026, 11, 16), ("2026-11", "2026-Q4", "2026")),
        (
            date(2027, 1, 15),
            ("2027-01", "2027-Q1", "2027", "2026-12", "2026-Q4", "2026"),
        ),
    ],
)
def test_periods_are_those_of_the_day_and_of_fifteen_days_before(
    replayed: Portal, day: date, expected: tuple[str, ...]
) -> None:
    pull_day(day)
    assert landed().keys() == {f"{each}_{of}_1.json" for each in ENDPOINTS for of in expected}


@pytest.mark.parametrize(
    ("day", "last_days"),
    [
        (date(2027, 1, 15), ["2026-12-31", "2026-12-31", "2026-12-31"]),
        (date(2024, 3, 15), ["2024-02-29"]),
    ],
)
def test_satisfaction_of_a_period_that_is_over_is_asked_to_its_last_day(
    replayed: Portal, day: date, last_days: list[str]
) -> None:
    pull_day(day)
    asked = [body["toDate"] for body in replayed.server.bodies if "toDate" in body]
    assert asked == [day.isoformat()] * 3 + last_days


def test_pages_are_asked_for_as_long_as_they_are_full(replayed: Portal) -> None:
    pages = [[result(f"H24.{number}") for number in range(200)], [result("H24.200")]]

    def say(endpoint: str, body: Any) -> Answer:
        if endpoint == "service-results":
            return Answer(ok(pages[body["currentPage"] - 1]))
        return Answer(answer(endpoint))

    replayed.say = say
    pull_day(DAY)

    names = [name for name in landed() if name.startswith("service-results")]
    assert sorted(names) == sorted(
        f"service-results_{of}_{n}.json" for of in PERIODS for n in (1, 2)
    )
    assert replayed.asked[:6] == ["service-results"] * 6
    assert replayed.asked.count("transparency") == 3


def test_a_portal_that_gives_everything_on_every_page_is_asked_once_more(replayed: Portal) -> None:
    units = [listed_unit("transparency", f"H24.{number}") for number in range(201)]
    whole = Answer(ok({"overview": None, "evaluation": units}))
    replayed.say = always("transparency", whole)
    pull_day(DAY)

    assert replayed.asked.count("transparency") == 6
    assert [name for name in landed() if name.endswith("_2.json")] == []
    assert sentences() == []


def test_endless_pages_end_and_hide_no_other_endpoint(
    replayed: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "_MOST_PAGES", 3)

    def say(endpoint: str, body: Any) -> Answer:
        units = [result(f"H24.{body['currentPage']}.{number}") for number in range(200)]
        return Answer(ok(units) if endpoint == "service-results" else answer(endpoint))

    replayed.say = say
    pull_day(DAY)

    assert replayed.asked.count("service-results") == 3
    assert "transparency_2026_1.json" in landed()
    assert [each for each in sentences() if "hơn 3 trang" in each] == sentences() != []


# --- what lands ------------------------------------------------------------------------------


def test_what_lands_is_byte_for_byte_what_was_sent_whatever_it_is(replayed: Portal) -> None:
    sent = {
        "service-results": b'\xef\xbb\xbf{"code" : "OK",\n "data":[], "x": 1.50}',
        "transparency": b"<html>\xff",
        "dossier-digitized": b"",
        "dvc-progress-tree": b'{"code": "ERROR", "data": null}',
    }
    replayed.say = lambda endpoint, body: Answer(
        sent.get(endpoint, json.dumps(answer(endpoint), indent=1).encode()), status=201
    )
    pull_day(DAY)

    files = landed()
    assert len(files) == 21
    for endpoint in ENDPOINTS:
        expected = sent.get(endpoint, json.dumps(answer(endpoint), indent=1).encode())
        for of in PERIODS:
            assert files[f"{endpoint}_{of}_1.json"] == expected
    assert sentences() == []


def test_the_same_pull_again_is_nothing_new_and_another_answer_is_a_file(replayed: Portal) -> None:
    pull_day(DAY)
    pull_day(DAY)
    assert select("select count(*) from ops.file") == [{"count": 21}]

    replayed.say = always("service-results", Answer(ok([result(totalScore=80)])))
    pull_day(DAY)
    assert select("select count(*) from ops.file") == [{"count": 24}]


def test_the_night_loads_it_and_a_fetch_of_the_day_leaves_what_was_refused(
    replayed: Portal,
) -> None:
    replayed.say = always("service-results", Answer(status=404))
    pull_day(DAY)
    deliver("units", "a.csv", [GOOD["units"]])
    noted = sentences()
    fetch_day(DAY)
    check_day(DAY)

    assert sentences() == noted != []
    assert {load["state"] for load in loads()} == {"loaded"}
    rows = newest("portal_scores")
    assert rows[f"{WARD}|2026-11|DOSSIER_SYNC"]["denominator"] == 2018
    assert rows[f"{CITY}|2026-Q4|totalOnTime / totalReceived"]["numerator"] == 2050
    assert set(newest("units")) == {"H24.999"}


def test_an_answer_that_says_nothing_leaves_the_good_one_of_the_day_before(
    replayed: Portal,
) -> None:
    next_day = DAY + timedelta(days=1)
    pull_day(DAY)
    fetch_day(DAY)
    check_day(DAY)
    before = newest("portal_scores")

    cut = json.dumps(answer("transparency")).encode()[:-20]
    bad = {
        "service-results": Answer(ok([result(totalScore=None)])),
        "transparency": Answer(cut),
        "dossier-digitized": Answer(answer("dossier-digitized") | {"code": "ERROR"}),
        "handling-satisfaction": Answer(ok({"overview": None, "evaluation": [{"ma": WARD}]})),
    }
    replayed.say = lambda endpoint, body: bad.get(endpoint, Answer(b"<html>", status=201))
    pull_day(next_day)
    fetch_day(next_day)
    check_day(next_day)

    assert newest("portal_scores") == before
    states = [load["state"] for load in loads() if load["export_day"] == next_day]
    assert (states.count("refused"), states.count("loaded")) == (18, 3)


# --- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failing", "pauses"),
    [
        (Answer(status=500), [1]),
        (Answer(status=503, headers={"Retry-After": "60"}), [60]),
        (Answer(answer("transparency"), cut=5), [1]),
    ],
)
def test_what_passes_is_tried_again_after_a_pause(
    replayed: Portal, failing: Answer, pauses: list[float]
) -> None:
    replayed.say = at("transparency", failing)
    pull_day(DAY)

    assert len(landed()) == 21
    assert [each for each in replayed.pauses if each != PAUSE_S] == pauses
    assert sentences() == []


def test_an_endpoint_that_stays_broken_hides_no_other(replayed: Portal) -> None:
    replayed.say = always("transparency", Answer(status=500))
    pull_day(DAY)

    assert replayed.asked.count("transparency") == 4
    assert {name.split("_")[0] for name in landed()} == set(ENDPOINTS) - {"transparency"}
    assert sentences() == [
        "Chưa lấy đủ transparency của Cổng DVCQG: Kết nối cong_dvcqg không tải được (máy chủ trả"
        " lời 500): hãy kiểm tra máy chủ và đường truyền rồi chạy lại ngày này."
    ]


def test_a_portal_that_does_not_answer_is_left_alone_soon(replayed: Portal) -> None:
    replayed.say = lambda endpoint, body: Answer(status=503, headers={"Retry-After": "3600"})
    pull_day(DAY)

    assert replayed.asked == ["service-results", "transparency"]
    assert len(sentences()) == 2
    assert landed() == {}


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refusal_ends_the_pull_for_the_day_and_the_night_goes_on(
    replayed: Portal, status: int
) -> None:
    refusal = Answer(b"{}", status=status, headers={"Retry-After": "1"})
    replayed.say = at("transparency", Answer(answer("transparency")), refusal)
    pull_day(DAY)

    assert replayed.asked == ["service-results"] * 3 + ["transparency"] * 2
    [sentence] = sentences()
    assert f"không cho hỏi nữa ({status}): hôm nay không hỏi thêm" in sentence

    fetch_day(DAY)
    check_day(DAY)
    assert newest("portal_scores").keys() >= {f"{WARD}|2026|TOTAL", f"{WARD}|2026-11|DOSSIER_SYNC"}

    replayed.say = always("", Answer())
    pull_day(DAY)
    assert sentences() == []


@pytest.mark.parametrize(
    ("failing", "problem"),
    [
        (Answer(status=404), "trả lời 404"),
        (Answer(status=400), "trả lời 400"),
        (Answer(status=302, headers={"Location": "http://127.0.0.2/"}), "chuyển hướng"),
        (Answer(status=307, headers={"Location": f"{PREFIX}khac"}), "chuyển hướng"),
    ],
)
def test_what_is_no_success_is_not_landed_and_asked_for_once(
    replayed: Portal, failing: Answer, problem: str
) -> None:
    replayed.say = always("dossier-digitized", failing)
    pull_day(DAY)

    assert replayed.asked.count("dossier-digitized") == 1
    assert {name.split("_")[0] for name in landed()} == set(ENDPOINTS) - {"dossier-digitized"}
    [sentence] = sentences()
    assert sentence.startswith("Chưa lấy đủ dossier-digitized của Cổng DVCQG: Máy chủ ")
    assert problem in sentence


def test_an_answer_without_end_is_cut_off(
    replayed: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiso766.connectors.http._LARGEST_PAGE", 1 << 20)
    replayed.say = always("transparency", Answer(b" " * (1 << 21)))
    pull_day(DAY)

    assert not [name for name in landed() if name.startswith("transparency")]
    assert "trả một trang lớn hơn 1 MiB" in sentences()[0]


def test_a_landing_area_that_takes_nothing_fails_the_pull_at_once(replayed: Portal) -> None:
    home = settings.make_private(settings.load().home)
    (home / "landing").write_bytes(b"")

    with pytest.raises(ChisoError, match="Không lưu được cong_dvcqg/2026-11-20/service-results"):
        pull_day(DAY)

    assert replayed.asked == ["service-results"]


def test_secrets_are_neither_logged_nor_kept(
    replayed: Portal, caplog: pytest.LogCaptureFixture, logged: Logged
) -> None:
    replayed.say = lambda endpoint, body: Answer(status=403)
    with caplog.at_level(logging.DEBUG):
        pull_day(DAY)
    assert TOKEN not in caplog.text + str(sentences())
    assert {about["source"] for _, about in logged} == {"portal_scores"}


# --- the connection --------------------------------------------------------------------------


def test_without_the_connection_nothing_is_asked_and_nothing_fails(
    empty_warehouse: None, airflow: None, caplog: pytest.LogCaptureFixture
) -> None:
    import airflow.sdk  # noqa: F401 – its first import changes how the running test's log is kept

    with caplog.at_level(logging.INFO):
        pull_day(DAY)
    assert "Chưa khai báo kết nối cong_dvcqg" in caplog.text
    assert landed() == {}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"extra": {}}, "thiếu root_department_id trong phần extra"),
        ({"extra": {"root_department_id": ""}}, "thiếu root_department_id"),
        ({"host": ""}, "thiếu host"),
        ({"conn_type": "sftp", "login": "a"}, "hãy khai báo loại http, https"),
        ({"extra": {"root_department_id": "1", "ca_file": "/khong/co"}}, "tệp không đọc được"),
        ({"password": "mật khẩu"}, "mã truy cập"),
        ({"host": "x:y"}, "địa chỉ không hợp lệ"),
    ],
)
def test_a_connection_that_lacks_something_is_said(
    replayed: Portal, declare: Declare, changes: dict[str, Any], problem: str
) -> None:
    declare(**changes)
    pull_day(DAY)

    assert sentences()
    assert all(problem in each for each in sentences())
    assert replayed.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    replayed: Portal, declare: Declare, tmp_path: Path
) -> None:
    certificate = tmp_path / "chung-thu.pem"
    new_certificate(certificate, "127.0.0.1")
    speak_tls(replayed.server, certificate)
    declare()
    pull_day(DAY)

    assert replayed.course == [PAUSE_S]
    assert all("chứng thư TLS không tin được" in each for each in sentences())
    assert len(sentences()) == 2

    declare(extra={"root_department_id": CITY, "ca_file": str(certificate)})
    pull_day(DAY)
    assert len(landed()) == 21
    assert sentences() == []


def speak_tls(server: HttpServer, certificate: Path) -> None:
    answered = server.answer
    server.speak_tls(certificate)
    server.answer = answered


def test_a_pull_that_was_killed_leaves_nothing_behind(replayed: Portal) -> None:
    folder = transfer.drafts_of("portal_scores", "cong_dvcqg")
    folder.mkdir(parents=True)
    draft = transfer.Draft(folder, "service-results_2026_1.json")
    draft.path.write_bytes(b"x" * 100_000)
    pull_day(DAY)

    assert landed()["service-results_2026_1.json"] == Answer(answer("service-results")).content()
    assert list(folder.iterdir()) == []


# --- what dies meanwhile ---------------------------------------------------------------------


def test_a_pull_killed_at_every_kind_of_moment_is_made_again_without_loss_or_double(
    replayed: Portal,
) -> None:
    pull = nights.Step("pull", lambda: pull_day(DAY))
    assert nights.run(pull) == 0
    kinds, expected = dict.fromkeys(nights.note()["events"]), landed()
    empty()
    with connect() as connection:
        connection.execute("truncate ops.sighting")
    for folder in FOLDERS:
        shutil.rmtree(settings.load().home / folder, ignore_errors=True)
    for event in kinds:
        assert nights.run(pull, Fault("kill", event=event)) == -signal.SIGKILL, event
    assert len(kinds) > 10
    assert nights.run(pull) == 0
    assert landed() == expected
    assert len(select("select from ops.file")) == len(expected)
    kept = [path.read_bytes() for path in (settings.load().home / "landing").glob("*/*")]
    assert set(kept) == set(expected.values())
    assert not [path for path in (settings.load().home / "unfinished").rglob("*") if path.is_file()]
