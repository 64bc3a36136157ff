"""Folders of other machines, by SFTP and in S3 storages: contract/exports.md, "Where"."""

from __future__ import annotations

import hashlib
import logging
import os
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.connectors import s3, transfer
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.landing import landing_path

from ..conftest import Logged
from ..deliveries import DAY, deliver, load_days, newest, select
from .conftest import Declare
from .servers import Answer, HttpServer, S3Server, SftpServer, new_key

TODAY = DAY.isoformat()
YESTERDAY = DAY - timedelta(days=1)
CONTENT = b"MaDonVi,Cap\nH24,tinh\n"
LARGE = 3 << 20

Remote = SftpServer | S3Server


@pytest.fixture(params=["sftp_server", "s3_server"])
def remote(request: pytest.FixtureRequest, declare: Declare) -> Remote:
    """A server with folders of ``units`` by day, declared as connection ``kho``."""
    server: Remote = request.getfixturevalue(request.param)
    declare("units", "kho", server.path, server.connection)
    return server


def registered() -> list[tuple[str, str, str]]:
    rows = select("select export_day, file_name, sha256 from ops.file order by file_id")
    return [(str(row["export_day"]), row["file_name"], row["sha256"]) for row in rows]


def names() -> list[str]:
    return [name for _, name, _ in registered()]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def drafts() -> list[Path]:
    return [path for path in (settings.load().home / "unfinished").rglob("*") if path.is_file()]


def test_the_files_of_the_days_folder_are_loaded(remote: Remote) -> None:
    remote.put(TODAY, "a.csv", CONTENT)
    remote.put(TODAY, "b.csv", b"MaDonVi,Cap\nH25,tinh\n")
    remote.put("2026-11-22", "c.csv", b"MaDonVi,Cap\nH26,tinh\n")

    load_days()

    assert set(newest("units")) == {"H24", "H25"}
    assert drafts() == []


def test_what_is_unchanged_is_not_asked_for_again(remote: Remote) -> None:
    remote.put(TODAY, "a.csv", b"x" * LARGE)
    fetch_day(DAY)
    remote.line.passed = 0

    fetch_day(DAY)

    assert names() == ["a.csv"]
    assert 0 < remote.line.passed < 100_000


def test_a_file_that_comes_again_as_it_was_before_is_new_once_more(remote: Remote) -> None:
    contents = [b"1" + CONTENT, b"2" + CONTENT, b"1" + CONTENT]
    for content in contents:
        remote.put(TODAY, "a.csv", content)
        fetch_day(DAY)

    assert [sha for *_, sha in registered()] == [sha256(content) for content in contents]


def test_a_folder_that_is_not_there_offers_nothing(remote: Remote, logged: Logged) -> None:
    fetch_day(DAY)

    assert names() == []
    said = ("Kết nối kho: không có tệp nào của ngày 2026-11-20.", {"source": "units"})
    assert said in logged


def test_a_late_file_is_taken_for_a_day_that_was_run_within_a_week(remote: Remote) -> None:
    week, older = DAY - timedelta(days=7), DAY - timedelta(days=8)
    fetch_day(older)
    fetch_day(week)
    for day in (older, week, YESTERDAY):
        remote.put(day.isoformat(), "a.csv", CONTENT)

    fetch_day(DAY)

    assert [day for day, *_ in registered()] == [week.isoformat()]


def test_hidden_and_unfinished_files_and_folders_are_passed_over(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (".hidden.csv", "half.csv.part", "sub/a.csv"):
        if "/" in name and isinstance(remote, SftpServer):
            (remote.folder / TODAY / "units" / "sub").mkdir(parents=True)
        remote.put(TODAY, name, CONTENT)

    with caplog.at_level(logging.WARNING):
        fetch_day(DAY)

    assert names() == []
    assert ".hidden.csv" in caplog.text
    assert "half.csv.part" in caplog.text


# --- interruptions ---------------------------------------------------------------------------


def test_a_download_that_is_cut_goes_on_where_it_stopped(
    remote: Remote, pauses: list[float]
) -> None:
    content = os.urandom(LARGE)
    remote.put(TODAY, "a.csv", content)
    remote.line.cuts = [LARGE // 2]

    fetch_day(DAY)

    assert registered() == [(TODAY, "a.csv", sha256(content))]
    assert landing_path(sha256(content)).read_bytes() == content
    assert pauses == [1]
    assert remote.line.passed < LARGE + LARGE // 4


def test_a_download_that_was_given_up_goes_on_in_the_next_run(
    remote: Remote, pauses: list[float]
) -> None:
    content = os.urandom(LARGE)
    remote.put(TODAY, "a.csv", content)
    remote.line.cuts = [LARGE // 2, 0, 0, 0]
    with pytest.raises(ChisoError, match=r"Kết nối kho không tải được .*chạy lại ngày này\."):
        fetch_day(DAY)
    assert pauses == [1, 4, 16]
    assert registered() == []
    assert drafts()
    assert {path.stat().st_mode & 0o777 for path in drafts()} == {0o600}
    remote.line.passed = 0

    fetch_day(DAY)

    assert registered() == [(TODAY, "a.csv", sha256(content))]
    assert remote.line.passed < LARGE * 3 // 4
    assert drafts() == []


def test_a_file_that_was_replaced_after_the_interruption_starts_over(remote: Remote) -> None:
    remote.put(TODAY, "a.csv", b"1" + os.urandom(LARGE))
    remote.line.cuts = [LARGE // 2, 0, 0, 0]
    with pytest.raises(ChisoError):
        fetch_day(DAY)
    content = b"2" + os.urandom(LARGE)
    remote.put(TODAY, "a.csv", content)

    fetch_day(DAY)

    assert registered() == [(TODAY, "a.csv", sha256(content))]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # paramiko's
def test_a_file_that_is_replaced_while_it_is_read_is_left_for_the_next_run(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.put(TODAY, "a.csv", b"1" + os.urandom(LARGE))
    content = b"2" + os.urandom(LARGE)

    def replace(_: float) -> None:
        remote.put(TODAY, "a.csv", content)

    remote.line.cuts = [LARGE // 2]
    with monkeypatch.context() as replacing:
        replacing.setattr(transfer, "pause", replace)
        fetch_day(DAY)
    assert registered() == []

    fetch_day(DAY)
    assert registered() == [(TODAY, "a.csv", sha256(content))]


def test_a_file_larger_than_the_limit_is_refused_before_it_is_read(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.put(TODAY, "a.csv", b"x" * LARGE)
    remote.put(TODAY, "b.csv", CONTENT)
    monkeypatch.setattr(transfer, "LARGEST", LARGE - 1)

    with pytest.raises(ChisoError, match=r"kho/2026-11-20/a\.csv lớn hơn"):
        fetch_day(DAY)

    assert names() == ["b.csv"]
    assert remote.line.passed < LARGE // 2


def test_a_server_that_takes_too_long_is_given_up(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.put(TODAY, "a.csv", CONTENT)
    moments = iter([0.0])
    monkeypatch.setattr(transfer, "monotonic", lambda: next(moments, 4000.0))

    with pytest.raises(ChisoError, match="chưa tải xong sau 60 phút"):
        fetch_day(DAY)


# --- one failure stops nothing else ----------------------------------------------------------


def test_other_places_are_fetched_and_the_failures_are_named(
    remote: Remote, declare: Declare
) -> None:
    deliver("units", "drop.csv", CONTENT)
    remote.put(TODAY, "a.csv", CONTENT)
    table = settings.load().home / "connectors.csv"
    table.write_text(
        "source,connection,path\nunits,khong_co,x/{day}\nkhong_ro,kho,x/{day}\n"
        f"units,kho,{remote.path}\n"
    )

    with pytest.raises(ChisoError) as failed:
        fetch_day(DAY)

    assert sorted(names()) == ["a.csv", "drop.csv"]
    assert "2 chỗ không nhận được" in str(failed.value)
    assert "dòng 3" in str(failed.value)
    assert "khong_co" in str(failed.value)


def test_on_the_last_try_the_night_goes_on_and_what_did_not_come_is_noted(
    remote: Remote, declare: Declare
) -> None:
    remote.put(TODAY, "a.csv", CONTENT)
    table = settings.load().home / "connectors.csv"
    good = f"source,connection,path\nunits,kho,{remote.path}\n"
    table.write_text(f"{good}ratings,khong_co,x/{{day}}\nkhong_ro,kho,x/{{day}}\n")

    fetch_day(DAY, is_last_try=True)

    assert names() == ["a.csv"]
    noted = select("select export_day, source from ops.fetch_failure order by source")
    assert noted == [
        {"export_day": DAY, "source": "ratings"},
        {"export_day": DAY, "source": None},
    ]

    table.write_text(good)
    fetch_day(DAY)
    assert select("select * from ops.fetch_failure") == []


def test_the_same_name_from_two_places_is_two_files_that_settle(
    remote: Remote,
) -> None:
    deliver("units", "a.csv", CONTENT)
    remote.put(TODAY, "a.csv", b"MaDonVi,Cap\nH25,tinh\n")

    for _ in range(3):
        fetch_day(DAY)

    assert names() == ["a.csv", "a.csv"]


# --- names -----------------------------------------------------------------------------------

TRICKS = ["lùi\u202evsc.csv", "x\\..\\a.csv", "-rf.csv", "\x1b[2J.csv"]


def test_a_name_with_tricks_is_registered_printable_and_told_apart(remote: Remote) -> None:
    tricks = [*TRICKS, "dòng\nhai.csv"] if isinstance(remote, SftpServer) else TRICKS
    for name in tricks:
        remote.put(TODAY, name, CONTENT + name.encode())

    fetch_day(DAY)

    assert len(set(names())) == len(names()) == len(tricks)
    assert "-rf.csv" in names()
    for name in names():
        assert name.isprintable()
        assert name.endswith(".csv")
        assert not set(name) & set("/\\")


def test_no_name_is_a_path_here(s3_server: S3Server, declare: Declare, tmp_path: Path) -> None:
    declare("units", "kho", s3_server.path, s3_server.connection)
    for name in ("../../../../../tmp/a.csv", "..", "/etc/a.csv", "a" * 900 + ".csv"):
        s3_server.put(TODAY, name, CONTENT)
    before = {path for path in tmp_path.rglob("*") if settings.load().home not in path.parents}

    fetch_day(DAY)

    after = {path for path in tmp_path.rglob("*") if settings.load().home not in path.parents}
    assert after == before
    assert [len(name) < 256 and name.endswith(".csv") for name in names()] == [True]


# --- what only one kind has ------------------------------------------------------------------


def test_a_host_key_that_is_unknown_is_refused_with_its_fingerprint(
    sftp_server: SftpServer, declare: Declare
) -> None:
    extra = {"key_file": sftp_server.connection["extra"]["key_file"]}
    declare("units", "kho", sftp_server.path, sftp_server.connection | {"extra": extra})
    sftp_server.put(TODAY, "a.csv", CONTENT)

    with pytest.raises(ChisoError, match=r"ssh-ed25519 SHA256:[\w+/]{43}.*host_key"):
        fetch_day(DAY)

    assert registered() == []


def test_a_host_key_that_changed_is_refused_with_the_fingerprint_of_the_new_one(
    sftp_server: SftpServer, declare: Declare, tmp_path: Path
) -> None:
    extra = sftp_server.connection["extra"] | {"host_key": new_key(tmp_path / "another")}
    declare("units", "kho", sftp_server.path, sftp_server.connection | {"extra": extra})
    sftp_server.put(TODAY, "a.csv", CONTENT)

    with pytest.raises(ChisoError, match=r"ssh-ed25519 SHA256:[\w+/]{43}.*đã đổi"):
        fetch_day(DAY)

    assert registered() == []


def test_a_host_key_that_cannot_be_read_is_named(sftp_server: SftpServer, declare: Declare) -> None:
    extra = sftp_server.connection["extra"] | {"host_key": "khong phai khoa"}
    declare("units", "kho", sftp_server.path, sftp_server.connection | {"extra": extra})

    with pytest.raises(ChisoError, match="host_key của kết nối kho không đọc được"):
        fetch_day(DAY)


def test_a_login_that_fails_says_so_without_its_secret(
    sftp_server: SftpServer, declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    extra = {"host_key": sftp_server.connection["extra"]["host_key"]}
    wrong = sftp_server.connection | {"extra": extra, "password": "mat-khau-bi-mat"}
    declare("units", "kho", sftp_server.path, wrong)

    with caplog.at_level(logging.DEBUG), pytest.raises(ChisoError, match="đăng nhập") as failed:
        fetch_day(DAY)

    assert "mat-khau-bi-mat" not in str(failed.value) + caplog.text


def test_a_file_changed_moments_ago_is_read_again_and_nothing_new(
    sftp_server: SftpServer, declare: Declare
) -> None:
    declare("units", "kho", sftp_server.path, sftp_server.connection)
    sftp_server.put(TODAY, "a.csv", CONTENT)
    path = sftp_server.folder / TODAY / "units" / "a.csv"
    os.utime(path)
    about = path.stat()
    fetch_day(DAY)
    fetch_day(DAY)
    assert names() == ["a.csv"]

    path.write_bytes(CONTENT.replace(b"H24", b"H25"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))  # as within one tick of its clock
    fetch_day(DAY)

    assert names() == ["a.csv", "a.csv"]


def test_links_of_the_server_are_passed_over(sftp_server: SftpServer, declare: Declare) -> None:
    declare("units", "kho", sftp_server.path, sftp_server.connection)
    sftp_server.put(TODAY, "a.csv", CONTENT)
    sftp_server.put("2026-11-01", "outside.csv", CONTENT)
    outside = sftp_server.folder / "2026-11-01" / "units" / "outside.csv"
    (sftp_server.folder / TODAY / "units" / "link.csv").symlink_to(outside)

    fetch_day(DAY)

    assert names() == ["a.csv"]


def test_fifty_megabytes_are_taken_in_a_few(sftp_server: SftpServer, declare: Declare) -> None:
    declare("units", "kho", sftp_server.path, sftp_server.connection)
    fetch_day(DAY)  # imports what it needs
    sftp_server.put(TODAY, "a.csv", b"x" * (50 << 20))

    tracemalloc.start()
    fetch_day(DAY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert names() == ["a.csv"]
    assert peak < 16 << 20


def test_a_storage_that_hangs_up_is_asked_again(
    s3_server: S3Server, declare: Declare, pauses: list[float]
) -> None:
    declare("units", "kho", s3_server.path, s3_server.connection)
    s3_server.put(TODAY, "a.csv", CONTENT)
    s3_server.line.cuts = [0, 0]

    fetch_day(DAY)

    assert names() == ["a.csv"]
    assert pauses == [1, 4]


def test_a_bucket_that_is_not_there_is_an_error(s3_server: S3Server, declare: Declare) -> None:
    declare("units", "kho", "khong-co/{day}", s3_server.connection)

    with pytest.raises(ChisoError, match="404 NoSuchBucket"):
        fetch_day(DAY)


LISTING = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>kho</Name>'
    b"<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
    b"</ListBucketResult>"
)


@pytest.fixture
def odd_storage(http_server: HttpServer, declare: Declare) -> HttpServer:
    endpoint = {"endpoint_url": f"http://127.0.0.1:{http_server.port}"}
    storage = {"conn_type": "aws", "login": "a", "password": "b-bi-mat", "extra": endpoint}
    declare("units", "kho", "kho/{day}", storage)
    return http_server


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_storage_that_is_busy_is_asked_again_a_few_times(
    odd_storage: HttpServer, pauses: list[float], status: int
) -> None:
    odd_storage.answer = lambda _: Answer(b"<Error><Code>SlowDown</Code></Error>", status)

    with pytest.raises(ChisoError, match=rf"máy chủ trả lời {status} SlowDown"):
        fetch_day(DAY)

    assert pauses == [1, 4, 16]
    assert len(odd_storage.asked) == 4


def test_a_storage_that_refuses_is_not_asked_again(
    odd_storage: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    odd_storage.answer = lambda _: Answer(b"<Error><Code>AccessDenied</Code></Error>", 403)

    with caplog.at_level(logging.INFO), pytest.raises(ChisoError, match="403 Acc") as failed:
        fetch_day(DAY)

    assert len(odd_storage.asked) == 1
    assert "b-bi-mat" not in caplog.text + str(failed.value)


def test_an_answer_that_no_storage_gives_stops_no_other_place(odd_storage: HttpServer) -> None:
    deliver("units", "drop.csv", CONTENT)
    odd_storage.answer = lambda _: Answer(LISTING.replace(b"<Is", b"<Contents></Contents><Is"))

    with pytest.raises(ChisoError, match=r"Kết nối kho hỏng ngoài dự kiến \(KeyError\)"):
        fetch_day(DAY)

    assert names() == ["drop.csv"]


def test_a_listing_without_end_ends(
    odd_storage: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "MOST_FILES", 5)
    odd_storage.answer = lambda _: Answer(LISTING)

    with pytest.raises(ChisoError, match="có hơn"):
        fetch_day(DAY)

    assert len(odd_storage.asked) == 6
