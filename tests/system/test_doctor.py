"""./chiso doctor names every usual mistake and what to do, and is silent where all is well."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from chiso766 import airflow_env, database, settings, system
from chiso766.doctor_machine import calendar_of

from ..homes import other_home

YESTERDAY = datetime.now(ZoneInfo(settings.TIMEZONE)).date() - timedelta(days=1)
UNIT = {"MaDonVi": "H24.999", "TenDonVi": "UBND phường Nhị Chiểu", "Cap": "xa"}
PROCEDURE = {"MaTTHC": "2.000815", "TenTTHC": "Chứng thực bản sao", "CapThucHien": "xa"}
PROCEDURE |= {"TrangThai": "cong_khai"}

Doctor = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="module", autouse=True)
def running(tmp_path_factory: pytest.TempPathFactory, chiso: Callable[..., Any]) -> Iterator[Path]:
    """The home of a system of the module's own that runs, with last night published."""
    home = tmp_path_factory.mktemp("doctor") / "home"
    with other_home(home) as environment:
        environment.setenv("CHISO_UNIT", "H24.999")
        try:
            for source, row in (("units", UNIT), ("procedures", PROCEDURE)):
                folder = home / "exports" / str(YESTERDAY) / source
                folder.mkdir(parents=True)
                (folder / f"{source}.json").write_text(json.dumps([row], ensure_ascii=False))
            home.chmod(0o700)
            for command in (["nightly", str(YESTERDAY)], ["up"]):
                done = chiso(*command)
                assert done.returncode == 0, done.stderr
            yield home
        finally:
            chiso("down")


@pytest.fixture(scope="module")
def doctor(running: Path, chiso: Callable[..., Any]) -> Doctor:
    """What ./chiso doctor finds, with these variables set."""

    def findings(**environment: str) -> list[dict[str, str]]:
        done = chiso("doctor", "--json", **environment)
        assert done.stderr == ""
        found: list[dict[str, str]] = json.loads(done.stdout)
        assert done.returncode == int(any(each["level"] == "hỏng" for each in found))
        return found

    return findings


def only(findings: list[dict[str, str]], level: str) -> str:
    """The only finding, of that level: what it says and what to do."""
    assert [each["level"] for each in findings] == [level], findings
    [finding] = findings
    assert finding["todo"]
    return f"{finding['check']}: {finding['what']} {finding['todo']}"


def change(statement: str, *values: object, url: str | None = None) -> None:
    with database.open_url(url or database.warehouse_url()) as connection:
        connection.execute(statement.encode(), values)


@contextmanager
def changed(statement: str, back: str, *values: object, url: str | None = None) -> Iterator[None]:
    """Make a mistake and, whatever comes of it, take it back."""
    change(statement, *values, url=url)
    try:
        yield
    finally:
        change(back, url=url)


def as_superuser() -> str:
    return database.embedded_url(database.SUPERUSER, database.WAREHOUSE)


def test_nothing_is_found_where_all_is_well(doctor: Doctor, chiso: Callable[..., Any]) -> None:
    assert doctor() == []
    said = chiso("doctor").stdout.splitlines()
    assert all(line.startswith("ổn ") for line in said)
    assert len(said) == 19


def test_a_package_that_is_not_the_locked_one(doctor: Doctor, tmp_path: Path) -> None:
    metadata = tmp_path / "jinja2-0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: jinja2\nVersion: 0.1\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    said = only(doctor(PYTHONPATH=path), "hỏng")
    assert "jinja2 0.1 (cần ==" in said
    assert ".venv" in said


def test_a_misspelt_setting_and_one_that_is_none(doctor: Doctor) -> None:
    assert "Có phải là CHISO_EXPORTS?" in only(doctor(CHISO_EXPORT="/kho"), "hỏng")
    assert "CHISO_MAU_NEN" in only(doctor(CHISO_MAU_NEN="đỏ"), "nên xem")


def test_a_setting_with_a_value_that_cannot_be(doctor: Doctor) -> None:
    assert "CHISO_TARGET_RANK" in only(doctor(CHISO_TARGET_RANK="đầu"), "hỏng")


def test_a_disk_that_is_nearly_full(doctor: Doctor, tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "chiso", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only an administrator can mount a small disk")
    try:
        (tmp_path / str(YESTERDAY)).mkdir()
        said = only(doctor(CHISO_EXPORTS=str(tmp_path)), "hỏng")
        of_backups = only(doctor(CHISO_BACKUPS=str(tmp_path)), "hỏng")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert "Ổ đĩa của CHISO_BACKUPS" in of_backups
    assert "Ổ đĩa của CHISO_EXPORTS" in said
    assert "chỉ còn 0.0 GB trống" in said


def test_a_backup_that_is_old_or_was_never_made(doctor: Doctor, running: Path) -> None:
    with changed(
        "update ops.build set published_at = published_at - interval '50 hours'",
        "update ops.build set published_at = published_at + interval '50 hours'",
    ):
        assert "chưa có" in only(doctor(), "hỏng")
        newest = running / "backups" / f"{YESTERDAY}.chiso766"
        newest.parent.mkdir(mode=0o700)
        newest.touch()
        assert doctor() == []
        old = datetime.now(ZoneInfo(settings.TIMEZONE)) - timedelta(hours=49)
        os.utime(newest, (old.timestamp(), old.timestamp()))
        assert f"cũ từ {old:%d/%m/%Y}" in only(doctor(), "hỏng")
    newest.unlink()


def test_a_secret_that_others_can_read(doctor: Doctor, running: Path) -> None:
    passwords = running / "passwords.json"
    passwords.chmod(0o644)
    try:
        assert f"chmod 600 {passwords}" in only(doctor(), "hỏng")
    finally:
        passwords.chmod(0o600)


def test_a_pseudonymisation_key_that_is_not_the_warehouses_or_not_yet(
    doctor: Doctor, running: Path
) -> None:
    key_file = running / "secret.key"
    right = key_file.read_text()
    try:
        key_file.write_text("k" * settings.SHORTEST_SECRET)
        assert f"Khóa băm: Khóa băm trong {key_file} không phải" in only(doctor(), "hỏng")
        key_file.write_text(f"{right},{'k' * settings.SHORTEST_SECRET}")
        assert "./chiso rotate key" in only(doctor(), "nên xem")
    finally:
        key_file.write_text(right)


def test_what_another_account_made(doctor: Doctor, running: Path) -> None:
    if os.geteuid():
        pytest.skip("only an administrator can give a file away")
    os.chown(running / "logs", 12345, 12345)
    try:
        said = only(doctor(), "hỏng")
    finally:
        os.chown(running / "logs", 0, 0)
    assert str(running / "logs") in said
    assert "chown" in said


def test_a_drop_folder_that_is_not_there_or_empty(doctor: Doctor, tmp_path: Path) -> None:
    said = only(doctor(CHISO_EXPORTS=str(tmp_path / "không-có")), "hỏng")
    assert "CHISO_EXPORTS" in said
    assert "chưa có ngày nào" in only(doctor(CHISO_EXPORTS=str(tmp_path)), "nên xem")


@pytest.mark.parametrize(
    ("path", "level", "said"),
    [
        ("27-11-2026/dossiers/a.csv", "hỏng", "Hãy đổi tên thành 2026-11-27."),
        ("20261127/dossiers/a.csv", "hỏng", "Hãy đổi tên thành 2026-11-27."),
        ("31.2.2026/dossiers/a.csv", "hỏng", "ví dụ 2026-11-22"),
        ("2026-11-27/dossier/a.csv", "hỏng", "Có phải là dossiers?"),
        ("2026-11-27/a.csv", "hỏng", "ngoài thư mục của nguồn"),
        ("2999-01-01/dossiers/a.csv", "nên xem", "một ngày chưa đến"),
    ],
)
def test_folders_with_wrong_names(
    doctor: Doctor, tmp_path: Path, path: str, level: str, said: str
) -> None:
    (tmp_path / str(YESTERDAY)).mkdir()
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).touch()
    assert said in only(doctor(CHISO_EXPORTS=str(tmp_path)), level)


def test_a_machine_where_nothing_was_started_and_a_port_that_is_taken(
    doctor: Doctor, tmp_path: Path, running: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (tmp_path / "airflow").mkdir(mode=0o700)
        (tmp_path / "airflow" / "port").write_text(str(other.getsockname()[1]))
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "page.port").write_text(str(free_port()))
        tmp_path.chmod(0o700)
        found = doctor(CHISO_HOME=str(tmp_path), CHISO_EXPORTS=str(running / "exports"))
    assert [each["check"] for each in found] == ["Cổng mạng", "Cơ sở dữ liệu"]
    assert "đang bị chương trình khác dùng" in found[0]["what"]
    assert "./chiso up" in found[1]["todo"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 12, 1), []),
        (date(2027, 10, 1), ["nên xem: Ngày nghỉ của năm 2027 còn là dự kiến."]),
        (
            date(2027, 12, 1),
            [
                "nên xem: Ngày nghỉ của năm 2027 còn là dự kiến.",
                "nên xem: Chưa có ngày nghỉ của năm 2028.",
            ],
        ),
        (
            date(2028, 1, 3),
            ["hỏng: Chưa có ngày nghỉ của năm 2028: mọi thời hạn bị tính sai."],
        ),
    ],
)
def test_a_calendar_that_ends(day: date, said: list[str]) -> None:
    rows = [("2026-01-01", "Điều 112"), ("2027-01-01", "Điều 112 (dự kiến)")]
    found = [f"{each.level}: {each.what}" for each in calendar_of(rows, day)]
    assert found == said


def test_messages_that_would_not_arrive(doctor: Doctor) -> None:
    someone = {"CHISO_NOTIFY_EMAIL": "truc@vidu.vn"}
    assert "hãy đặt CHISO_SMTP_URL" in only(doctor(**someone), "hỏng")
    closed = {"CHISO_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
    assert "ConnectionRefusedError" in only(doctor(**someone, **closed), "hỏng")
    assert "không ai được báo" in only(doctor(**closed), "nên xem")
    assert "CHISO_NOTIFY_WEBHOOK" in only(doctor(CHISO_NOTIFY_WEBHOOK="kenh-chung"), "hỏng")


def test_rights_that_are_missing_or_too_many(doctor: Doctor) -> None:
    missing = (
        "revoke usage on schema marts from chiso_bi",
        "grant usage on schema marts to chiso_bi",
    )
    with changed(*missing):
        assert "grant usage on schema marts to chiso_bi" in only(doctor(), "hỏng")
    too_many = (
        "grant usage on schema raw to chiso_analyst",
        "revoke usage on schema raw from chiso_analyst",
    )
    with changed(*too_many):
        assert "revoke usage on schema raw from chiso_analyst" in only(doctor(), "hỏng")


def test_a_reader_whose_password_is_another_now(doctor: Doctor) -> None:
    other = "alter role chiso_bi password 'khac'"
    kept = f"alter role chiso_bi password '{database.password('chiso_bi')}'"
    with changed(other, kept, url=as_superuser()):
        assert "passwords.json" in only(doctor(), "hỏng")


def test_a_database_in_another_time_zone(doctor: Doctor) -> None:
    local = "alter database chiso set timezone to 'Asia/Ho_Chi_Minh'"
    with changed("alter database chiso reset timezone", local, url=as_superuser()):
        assert "set timezone to 'Asia/Ho_Chi_Minh'" in only(doctor(), "nên xem")


def test_a_clock_that_went_back(doctor: Doctor) -> None:
    move = "update ops.build set started_at = started_at {} interval '3 days'"
    with changed(move.format("+"), move.format("-")):
        assert "chạy lùi" in only(doctor(), "hỏng")


def test_a_unit_that_is_none_or_was_not_said(doctor: Doctor) -> None:
    assert "H24.999 (UBND phường Nhị Chiểu)" in only(doctor(CHISO_UNIT="H24.9999"), "hỏng")
    assert "Chưa đặt CHISO_UNIT" in only(doctor(CHISO_UNIT=""), "nên xem")


def test_marts_that_are_old_and_nights_that_were_missed(doctor: Doctor) -> None:
    old = YESTERDAY - timedelta(days=3)
    as_of = "update ops.build set as_of_day = '{}'"
    with changed(as_of.format(old), as_of.format(YESTERDAY)):
        assert f"mới có đến hết ngày {old}" in only(doctor(), "hỏng")
    night = f"insert into ops.night (export_day) values ('{old}')"
    with changed(night, f"delete from ops.night where export_day = '{old}'"):
        first, last = old + timedelta(days=1), YESTERDAY - timedelta(days=1)
        assert f"./chiso nightly {first} --to {last}" in only(doctor(), "nên xem")


def test_a_build_that_failed(doctor: Doctor) -> None:
    with changed(
        "insert into ops.build (as_of_day, last_load_id, state, error)"
        " values (%s, 0, 'failed', 'Bảng luật sai ở dòng 3.')",
        "delete from ops.build where state = 'failed'",
        YESTERDAY,
    ):
        assert "Bảng luật sai ở dòng 3." in only(doctor(), "hỏng")


def test_sources_that_never_came_or_stopped(doctor: Doctor) -> None:
    rename = "update ops.file set source = '{}' where source = '{}'"
    with changed(rename.format("tasks", "procedures"), rename.format("procedures", "tasks")):
        assert "Chưa từng nhận được nguồn procedures" in only(doctor(), "hỏng")
    with changed(
        "with file as (insert into ops.file (export_day, source, file_name, sha256, bytes)"
        " select %s::date - number, 'ratings', 'r', 'r', 1 from generate_series(10, 14) as number"
        " returning file_id)"
        " insert into ops.load (file_id, state, is_late) select file_id, 'loaded', false from file",
        "with gone as (delete from ops.load using ops.file"
        " where load.file_id = file.file_id and sha256 = 'r')"
        " update ops.file set source = 'gone' where sha256 = 'r'",
        YESTERDAY,
    ):
        stopped = YESTERDAY - timedelta(days=10)
        assert f"ratings không có tệp nào từ ngày {stopped}" in only(doctor(), "nên xem")


def test_files_that_were_refused(doctor: Doctor) -> None:
    with changed(
        "insert into ops.load (file_id, state, refusal, is_late)"
        " select file_id, 'refused', 'Không đọc được.', false from ops.file where source = 'units'",
        "delete from ops.load where state = 'refused'",
    ):
        assert "có 1 tệp bị từ chối" in only(doctor(), "nên xem")


def test_a_dag_that_is_paused_or_cannot_be_read(doctor: Doctor) -> None:
    metadata = database.airflow_url()
    pause = "update dag set is_paused = {} where dag_id = 'build'"
    with changed(pause.format("true"), pause.format("false"), url=metadata):
        assert "bật lại công tắc của build" in only(doctor(), "hỏng")
    error = "insert into import_error (filename, stacktrace) values ('thu.py', 'SyntaxError')"
    with changed(error, "delete from import_error", url=metadata):
        assert "thu.py" in only(doctor(), "hỏng")


def test_connections_that_are_wrong_missing_or_silent(doctor: Doctor, running: Path) -> None:
    table = running / "connectors.csv"
    table.write_text("source,connection,path\ndossier,kho,x/{day}\n")
    assert "dòng 2: không có nguồn tên này" in only(doctor(), "hỏng")
    table.write_text("source,connection,path\ndossiers,kho,x/{day}\n")
    assert "AIRFLOW_CONN_KHO" in only(doctor(), "hỏng")
    port = free_port()
    said = only(doctor(AIRFLOW_CONN_KHO=f"sftp://truc@127.0.0.1:{port}"), "hỏng")
    assert f"127.0.0.1, cổng {port} không trả lời" in said
    with socket.create_server(("127.0.0.1", port)):
        assert doctor(AIRFLOW_CONN_KHO=f"sftp://truc@127.0.0.1:{port}") == []
    table.unlink()


def test_a_component_that_died_and_a_system_that_is_down(
    doctor: Doctor, chiso: Callable[..., Any]
) -> None:
    triggerer = system.component("triggerer")
    assert triggerer is not None
    family = [triggerer, *triggerer.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)
    assert "Airflow thiếu triggerer" in only(doctor(), "hỏng")
    assert chiso("down").returncode == 0
    assert "PostgreSQL đã dừng" in only(doctor(), "nên xem")
    assert not airflow_env.folder().stat().st_mode & 0o077
