"""Paged HTTP(S): a pull takes every page once, from its own server alone, or nothing."""

from __future__ import annotations

import json
import logging
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from chiso766 import settings
from chiso766.connectors import http, transfer
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.landing import landing_path

from ..deliveries import DAY, load_days, newest, select
from .conftest import Declare
from .servers import Answer, HttpServer, new_certificate

COUNTED = "api/units?ngay={day}&trang={page}"
FOLLOWED = "api/units?ngay={day}"
FIRST = "/api/units?ngay=2026-11-20"
TOKEN = "ma-truy-cap-bi-mat"


def unit(number: int) -> dict[str, str]:
    return {"MaDonVi": f"H{number}", "Cap": "tinh"}


@pytest.fixture
def api(http_server: HttpServer, declare: Declare) -> Callable[..., HttpServer]:
    """Declare the server as connection ``cong`` of ``units``, answering as ``answer`` says."""

    def api(path: str, answer: Callable[[str], Answer] | dict[str, Answer]) -> HttpServer:
        declare("units", "cong", path, http_server.connection)
        http_server.answer = answer.__getitem__ if isinstance(answer, dict) else answer
        return http_server

    return api


Api = Callable[..., HttpServer]


def counted(*pages: Any) -> dict[str, Answer]:
    """Pages 1, 2, … and an empty one behind them."""
    return {f"{FIRST}&trang={number}": Answer(page) for number, page in enumerate([*pages, []], 1)}


def followed(*pages: list[Any]) -> dict[str, Answer]:
    """Pages of which each names the next one by a cursor."""
    answers = {}
    for number, page in enumerate(pages):
        following = f"{FIRST}&sau={number + 1}" if number + 1 < len(pages) else None
        address = f"{FIRST}&sau={number}" if number else FIRST
        answers[address] = Answer({"data": page, "next": following})
    return answers


def landed() -> list[list[Any]]:
    """The rows of every registered file, in the order in which they came."""
    files = select("select sha256 from ops.file order by file_id")
    return [
        [json.loads(line) for line in landing_path(file["sha256"]).read_bytes().splitlines()]
        for file in files
    ]


# --- pages -----------------------------------------------------------------------------------


def test_pages_are_counted_until_an_empty_one_and_become_one_file(api: Api) -> None:
    server = api(COUNTED, counted([unit(1), unit(2)], {"data": [unit(3)], "next": "/khac"}))

    load_days()

    assert set(newest("units")) == {"H1", "H2", "H3"}
    assert select("select file_name from ops.file") == [{"file_name": "cong.jsonl"}]
    assert server.asked == [f"{FIRST}&trang={number}" for number in (1, 2, 3)]
    assert {each["Authorization"] for each in server.headers} == {f"Bearer {TOKEN}"}


def test_next_is_followed_to_its_end(api: Api) -> None:
    server = api(FOLLOWED, followed([unit(1)], [], [unit(2)]))

    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2)]]
    assert len(server.asked) == 3


def test_a_link_header_is_followed(api: Api) -> None:
    link = {"Link": f'<{FIRST}&p=0>; rel="prev", <?ngay=2026-11-20&p=2>; rel="next"'}
    api(FOLLOWED, {FIRST: Answer([unit(1)], headers=link), f"{FIRST}&p=2": Answer([unit(2)])})

    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2)]]


def test_an_answer_without_a_next_one_is_the_only_page(api: Api) -> None:
    server = api(FOLLOWED, {FIRST: Answer([unit(1)])})

    fetch_day(DAY)

    assert landed() == [[unit(1)]]
    assert server.asked == [FIRST]


def test_a_day_without_rows_is_a_file_without_rows(api: Api) -> None:
    api(COUNTED, counted())

    load_days()

    assert landed() == [[]]


def test_rows_stay_what_they_are_whatever_they_look_like(api: Api) -> None:
    body = '\ufeff[{"a":\n "x\\ny", "n": 0.10, "so": 12345678901234567890123},\n 5, null]'
    api(FOLLOWED, {FIRST: Answer(body.encode())})

    fetch_day(DAY)

    [file] = select("select sha256 from ops.file")
    assert landing_path(file["sha256"]).read_bytes() == (
        b'{"a":"x\\ny","n":0.10,"so":12345678901234567890123}\n5\nnull\n'
    )


def test_the_same_pull_again_is_nothing_new_and_another_one_is_a_file_of_its_own(api: Api) -> None:
    server = api(COUNTED, counted([unit(1)], [unit(2)]))
    fetch_day(DAY)
    fetch_day(DAY)
    assert len(landed()) == 1

    server.answer = counted([unit(1)]).__getitem__
    fetch_day(DAY)
    server.answer = counted([unit(1)], [unit(2)]).__getitem__
    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2)], [unit(1)], [unit(1), unit(2)]]


def test_days_before_are_not_asked_for_again(api: Api) -> None:
    server = api(COUNTED, counted([unit(1)]))
    fetch_day(DAY)
    server.asked.clear()
    server.answer = lambda path: Answer([])

    fetch_day(DAY + timedelta(days=1))

    assert server.asked == ["/api/units?ngay=2026-11-21&trang=1"]


# --- what goes wrong in passing --------------------------------------------------------------


def once(failing: Answer, at: str, answers: dict[str, Answer]) -> Callable[[str], Answer]:
    """The answers, but for the first request for ``at``."""
    left = [failing]

    def answer(path: str) -> Answer:
        return left.pop() if path == at and left else answers[path]

    return answer


IN_AN_HOUR = format_datetime(datetime.now(UTC) + timedelta(hours=1))


@pytest.mark.parametrize(
    ("failing", "pause"),
    [
        (Answer(status=429, headers={"Retry-After": "0"}), 1),
        (Answer(status=429, headers={"Retry-After": "60"}), 60),
        (Answer(status=429), 1),
        (Answer(status=503, headers={"Retry-After": "khong ro"}), 1),
        (Answer(status=500), 1),
        (Answer([unit(2)], cut=5), 1),
    ],
)
def test_what_passes_is_tried_again_after_a_pause(
    api: Api, pauses: list[float], failing: Answer, pause: float
) -> None:
    api(COUNTED, once(failing, f"{FIRST}&trang=2", counted([unit(1)], [unit(2)])))

    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2)]]
    assert pauses == [pause]


def test_few_attempts_are_made_and_nothing_is_registered(api: Api, pauses: list[float]) -> None:
    server = api(FOLLOWED, lambda _: Answer(status=503))

    with pytest.raises(ChisoError, match=r"Kết nối cong không tải được \(máy chủ trả lời 503\)"):
        fetch_day(DAY)

    assert pauses == [1, 4, 16]
    assert len(server.asked) == 4
    assert landed() == []


@pytest.mark.parametrize("asked", ["3600", IN_AN_HOUR], ids=["seconds", "a moment"])
def test_a_server_that_wants_to_be_left_alone_for_long_is(
    api: Api, pauses: list[float], asked: str
) -> None:
    server = api(FOLLOWED, lambda _: Answer(status=429, headers={"Retry-After": asked}))

    with pytest.raises(ChisoError, match="429"):
        fetch_day(DAY)

    assert pauses == []
    assert len(server.asked) == 1


def interrupted(api: Api, path: str, answers: dict[str, Answer], broken: str) -> HttpServer:
    """A pull that is given up at one page; the server is well again afterwards."""
    failing = answers | {broken: Answer(status=503)}
    server = api(path, failing)
    with pytest.raises(ChisoError):
        fetch_day(DAY)
    assert landed() == []
    server.asked.clear()
    server.answer = answers.__getitem__
    return server


def test_an_interrupted_pull_goes_on_at_the_servers_cursor(api: Api) -> None:
    answers = followed([unit(1)], [unit(2)], [unit(3)], [unit(4)])
    server = interrupted(api, FOLLOWED, answers, f"{FIRST}&sau=2")

    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2), unit(3), unit(4)]]
    assert server.asked == [FIRST, f"{FIRST}&sau=2", f"{FIRST}&sau=3"]


def test_an_interrupted_pull_starts_over_where_the_first_page_changed(api: Api) -> None:
    server = interrupted(api, FOLLOWED, followed([unit(1)], [unit(2)], [unit(3)]), f"{FIRST}&sau=2")
    server.answer = followed([unit(0)], [unit(1)], [unit(2)], [unit(3)]).__getitem__

    fetch_day(DAY)

    assert landed() == [[unit(0), unit(1), unit(2), unit(3)]]


def test_an_interrupted_pull_of_counted_pages_starts_over(api: Api) -> None:
    answers = counted([unit(1)], [unit(2)], [unit(3)])
    server = interrupted(api, COUNTED, answers, f"{FIRST}&trang=3")

    fetch_day(DAY)

    assert landed() == [[unit(1), unit(2), unit(3)]]
    assert len(server.asked) == 4


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(b"<html>"), "không phải JSON"),
        (Answer(b'[{"a": "\xff"}]'), "không phải JSON"),
        (Answer(b'[{"a": 1}'), "không phải JSON"),
        (Answer({"rows": []}), "không có mảng data"),
        (Answer({"data": None}), "không có mảng data"),
        (Answer({"data": [], "next": 2}), "next không phải là một địa chỉ"),
        (Answer(status=404), "trả lời 404"),
        (Answer(status=401), r"từ chối mã truy cập \(401\)"),
        (Answer(status=403), r"từ chối mã truy cập \(403\)"),
        (Answer(status=302, headers={"Location": "http://127.0.0.2/"}), "chuyển hướng"),
        (Answer(status=307, headers={"Location": "/khac"}), "chuyển hướng"),
        (Answer({"data": [], "next": "http://127.0.0.2/x"}), r"máy chủ khác \(127\.0\.0\.2\)"),
        (Answer({"data": [], "next": "//khac.example/x"}), r"máy chủ khác \(khac\.example\)"),
        (Answer({"data": [], "next": "http://127.0.0.1:1/x"}), "máy chủ khác"),
        (Answer({"data": [], "next": "https://127.0.0.1/x"}), "máy chủ khác"),
        (Answer({"data": [], "next": "ftp://127.0.0.1/x"}), "máy chủ khác"),
        (Answer({"data": [], "next": "http://x:y/"}), "địa chỉ không hợp lệ"),
        (Answer([], headers={"Link": '<http://khac.example/>; rel="next"'}), "máy chủ khác"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_said_and_asked_for_once(
    api: Api, answer: Answer, sentence: str
) -> None:
    server = api(FOLLOWED, lambda _: answer)

    with pytest.raises(ChisoError, match=f"Máy chủ của kết nối cong .*{sentence}"):
        fetch_day(DAY)

    assert server.asked == [FIRST]
    assert landed() == []


def test_a_login_in_the_next_address_is_not_followed(api: Api) -> None:
    server = api(FOLLOWED, lambda _: answer)
    answer = Answer({"data": [], "next": f"http://ai:do@127.0.0.1:{server.port}{FIRST}&p=2"})

    with pytest.raises(ChisoError, match="máy chủ khác"):
        fetch_day(DAY)

    assert server.asked == [FIRST]


def test_endless_pages_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_MOST_PAGES", 5)
    server = api(COUNTED, lambda path: Answer([unit(int(path.rpartition("=")[2]))]))

    with pytest.raises(ChisoError, match="có hơn 5 trang"):
        fetch_day(DAY)

    assert len(server.asked) == 5
    assert landed() == []


def test_the_same_page_again_and_again_ends_at_once(api: Api) -> None:
    server = api(COUNTED, lambda _: Answer([unit(1)]))

    with pytest.raises(ChisoError, match="hai trang liền nhau giống hệt nhau"):
        fetch_day(DAY)

    assert len(server.asked) == 2


def test_a_page_that_is_too_large_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_LARGEST_PAGE", 1 << 20)
    api(FOLLOWED, lambda _: Answer(b" " * ((1 << 20) + 1)))

    with pytest.raises(ChisoError, match="lớn hơn 1 MiB"):
        fetch_day(DAY)


def test_pages_that_are_too_large_together_are_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LARGEST", 20)
    api(COUNTED, counted([unit(1)], [unit(2)]))

    with pytest.raises(ChisoError, match="Dữ liệu của kết nối cong lớn hơn"):
        fetch_day(DAY)

    assert landed() == []


def test_fifty_megabytes_of_pages_are_taken_in_a_few(api: Api) -> None:
    text = "x" * (1 << 20)
    api(COUNTED, counted(*[[{"so": number, "text": text}] for number in range(50)]))

    tracemalloc.start()
    fetch_day(DAY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    [file] = select("select bytes from ops.file")
    assert file["bytes"] > 50 << 20
    assert peak < 16 << 20


def test_no_secret_is_logged_or_said(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    cursor = "con-tro-bi-mat"
    api(
        FOLLOWED,
        {
            FIRST: Answer({"data": [unit(1)], "next": f"{FIRST}&sau={cursor}"}),
            f"{FIRST}&sau={cursor}": Answer(status=500),
        },
    )

    with caplog.at_level(logging.INFO), pytest.raises(ChisoError) as failed:
        fetch_day(DAY)

    for secret in (TOKEN, cursor):
        assert secret not in caplog.text + str(failed.value)


# --- TLS -------------------------------------------------------------------------------------


def with_certificate_of(host: str, server: HttpServer, folder: Path) -> Path:
    certificate = folder / "chung-thu.pem"
    new_certificate(certificate, host)
    server.speak_tls(certificate)
    server.answer = lambda _: Answer([unit(1)])
    return certificate


def test_a_certificate_that_nobody_vouches_for_is_refused(
    http_server: HttpServer, declare: Declare, tmp_path: Path, pauses: list[float]
) -> None:
    with_certificate_of("127.0.0.1", http_server, tmp_path)
    declare("units", "cong", FOLLOWED, http_server.connection)

    with pytest.raises(ChisoError, match=r"chứng thư TLS không tin được \(self.signed.*ca_file"):
        fetch_day(DAY)

    assert http_server.asked == []
    assert pauses == []


def test_a_certificate_of_another_host_is_refused(
    http_server: HttpServer, declare: Declare, tmp_path: Path
) -> None:
    certificate = with_certificate_of("khac.example", http_server, tmp_path)
    extra = {"ca_file": str(certificate)}
    declare("units", "cong", FOLLOWED, http_server.connection | {"extra": extra})

    with pytest.raises(ChisoError, match="chứng thư TLS không tin được"):
        fetch_day(DAY)

    assert http_server.asked == []


def test_a_certificate_of_an_own_authority_is_trusted_where_it_is_named(
    http_server: HttpServer, declare: Declare, tmp_path: Path
) -> None:
    certificate = with_certificate_of("127.0.0.1", http_server, tmp_path)
    extra = {"ca_file": str(certificate)}
    declare("units", "cong", FOLLOWED, http_server.connection | {"extra": extra})

    fetch_day(DAY)

    assert landed() == [[unit(1)]]


def test_a_storage_with_a_wrong_certificate_is_refused(
    http_server: HttpServer, declare: Declare, tmp_path: Path, pauses: list[float]
) -> None:
    with_certificate_of("127.0.0.1", http_server, tmp_path)
    endpoint = {"endpoint_url": f"https://127.0.0.1:{http_server.port}"}
    storage = {"conn_type": "aws", "login": "a", "password": "b", "extra": endpoint}
    declare("units", "kho", "kho/{day}", storage)

    with pytest.raises(ChisoError, match=r"kết nối kho .*chứng thư TLS không tin được \(self"):
        fetch_day(DAY)

    assert http_server.asked == []
    assert pauses == []


def test_a_token_that_no_header_can_hold_is_named(
    http_server: HttpServer, declare: Declare
) -> None:
    declare("units", "cong", FOLLOWED, http_server.connection | {"password": "mật khẩu"})

    with pytest.raises(ChisoError, match="mã truy cập"):
        fetch_day(DAY)

    assert not (settings.load().home / "unfinished").exists()


# --- a day that was missed -------------------------------------------------------------------


def test_a_day_for_which_the_server_was_down_is_asked_for_again(api: Api) -> None:
    next_day = DAY + timedelta(days=1)
    answers = counted([unit(1)])
    server = api(COUNTED, lambda path: Answer(status=404))
    fetch_day(DAY, is_last_try=True)
    assert select("select export_day from ops.fetch_failure") == [{"export_day": DAY}]

    server.answer = lambda path: answers.get(path, Answer([]))
    fetch_day(next_day)

    assert landed() == [[], [unit(1)]]
    assert select("select * from ops.fetch_failure") == []

    server.asked.clear()
    fetch_day(next_day)
    assert not [path for path in server.asked if DAY.isoformat() in path]
