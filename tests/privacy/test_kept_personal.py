"""Personal fields are kept only where a setting says so: encrypted, apart, read with a record."""

from __future__ import annotations

import csv
import io
import os
import pwd
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from chiso766 import database, personal, restore, rotate, settings
from chiso766.errors import ChisoError
from chiso766.purge import purge_night

from ..deliveries import DAY, DOSSIER, GOOD, Row, deliver, load_days, newest, select, written

pytestmark = pytest.mark.usefixtures("empty_warehouse")

CODE = DOSSIER["MaHoSo"]
NEXT_DAY = DAY + timedelta(days=1)
WHY = "hỏi lại người nộp"
FIELDS = {
    "ChuHoSo": "Người Nộp Mẫu",
    "SoDienThoai": "0912345678",
    "Fax": "912345678",  # as Excel leaves it
    "Email": "nguoinop@vidu.vn",
    "DiaChi": "Số 1, phố Mẫu",
    "GhiChu": "giấy tờ 030190000001 và 123 456 789 đã cũ",
}
PAPERS = {"SoGiayToChuHoSo": "030190000001", "DinhDanhCHS": "030190000001"}
TEXTS = {"TieuDe": "Kiến nghị về vỉa hè", "NoiDung": "Vỉa hè trước nhà tôi", "NguoiGui": "Ông Mẫu"}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_KEEP_PERSONAL", "1")


def dossier(**fields: str) -> Row:
    return DOSSIER | FIELDS | PAPERS | fields


def rows() -> list[Row]:
    return select("select * from personal.row order by source, row_key")


def said() -> str:
    return "\n".join(personal.read(CODE, WHY))


def test_nothing_is_kept_and_no_key_is_made_by_default() -> None:
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    assert rows() == []
    assert not personal.keys_file().exists()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_what_is_kept_is_read_back_from_every_format(ending: str) -> None:
    deliver("dossiers", f"a.{ending}", [dossier()])
    load_days()

    lines = said().splitlines()
    assert lines[0] == f"dossiers {CODE}, theo tệp ngày {DAY}:"
    for field, value in FIELDS.items():
        if field != "GhiChu":
            assert f"  {field}: {value}" in lines
    assert "  GhiChu: giấy tờ [số giấy tờ] và [số giấy tờ] đã cũ" in lines
    assert "030190000001" not in said()
    assert not any(name in said() for name in PAPERS)
    assert "to khai.pdf" in said()  # an item's


@pytest.mark.usefixtures("kept")
def test_what_is_kept_is_read_back_from_a_spreadsheet() -> None:
    titles = ["MaHoSo", "MaTTHC", "NgayTiepNhan", "TrangThaiHoSo", "Chủ hồ sơ", "Email"]
    table = io.StringIO()
    csv.writer(table).writerows(
        [titles, [CODE, "1.004227", "20261120083000", "2", "Người Nộp Mẫu", "a@vidu.vn"]]
    )
    deliver("dossiers", "a.csv", table.getvalue().encode())
    load_days()
    assert "  ChuHoSo: Người Nộp Mẫu\n  Email: a@vidu.vn" in said()


@pytest.mark.usefixtures("kept")
def test_petitions_ratings_and_documents_are_kept_too_and_a_rating_is_its_dossiers() -> None:
    deliver("petitions", "a.json", [GOOD["petitions"] | TEXTS])
    deliver("ratings", "a.json", [GOOD["ratings"] | {"NoiDung": "Cán bộ rất tận tình"}])
    deliver("documents", "a.json", [GOOD["documents"] | {"TrichYeu": "V/v nhà của ông Mẫu"}])
    load_days()
    assert [row["source"] for row in rows()] == ["documents", "petitions", "ratings"]
    assert "  NoiDung: Vỉa hè trước nhà tôi" in personal.read("PA-1", WHY)
    assert "  NoiDung: Cán bộ rất tận tình" in personal.read(CODE, WHY)


@pytest.mark.usefixtures("kept")
def test_only_ciphertext_is_in_the_database_and_the_key_is_outside_of_it() -> None:
    for ending in ("json", "csv"):
        deliver("dossiers", f"a.{ending}", [dossier()])
    load_days()
    [row] = rows()
    assert not any(value in str(row) for value in FIELDS.values())
    assert len(row["sealed"]) > 300
    key = personal.keys_file()
    assert key.stat().st_mode & 0o777 == 0o600
    assert "Mẫu" in Fernet(key.read_text()).decrypt(row["sealed"]).decode()


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_the_rows_that_are_counted_are_the_same_with_and_without_it(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    bad = dossier(MaHoSo="H24.999-261120-0008", TrangThaiHoSo="99")
    lines = [dossier(), bad, dossier(MaHoSo="")]
    content = written(f"a.{ending}", lines)
    found = []
    for day, keeps in ((DAY, "0"), (NEXT_DAY, "1")):
        monkeypatch.setenv("CHISO_KEEP_PERSONAL", keeps)
        deliver("dossiers", f"a.{ending}", content, day)
        load_days(day)
        [load] = select(
            "select rows_read, rows_accepted, rows_set_aside, warnings"
            " from ops.load join ops.file using (file_id) where export_day = %s",
            day,
        )
        found.append((load, newest("dossiers")))
    assert found[0] == found[1]
    assert select("select count(*) from raw.dossiers")[0]["count"] == 1  # the same content
    assert [row["row_key"] for row in rows()] == [CODE]


@pytest.mark.usefixtures("kept")
def test_the_newest_file_says_what_is_kept_in_whatever_order_they_come() -> None:
    load_days(DAY)
    # The last one changes nothing else, so that no file is loaded again after it.
    for day, file, name in ((NEXT_DAY, "a", "Hai"), (DAY, "a", "Một"), (DAY, "b", "Ba")):
        deliver("dossiers", f"{file}.json", [dossier(ChuHoSo=name)], day)
        load_days(NEXT_DAY)
    assert "  ChuHoSo: Hai" in said()
    assert [row["export_day"] for row in rows()] == [NEXT_DAY]


@pytest.mark.usefixtures("kept")
def test_a_value_that_nobody_writes_stops_no_file() -> None:
    deep = "[" * 5_000 + "]" * 5_000
    line = '{"MaHoSo": "H24.999-261120-0009", "ThongTinKhac": ' + deep + "}\n"
    deliver("dossiers", "a.jsonl", line.encode() + written("a.jsonl", [dossier()]))
    load_days()
    [load] = select("select * from ops.load")
    assert (load["state"], load["rows_read"], load["rows_accepted"]) == ("loaded", 2, 1)


# --- who reads ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("kept")
def test_who_read_what_when_and_why_is_written_down_before_anything_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    before = select("select count(*) from ops.personal_reading")[0]["count"]

    def broken(connection: psycopg.Connection) -> None:
        raise RuntimeError

    monkeypatch.setattr(personal, "cipher", broken)
    with pytest.raises(RuntimeError):
        personal.read(CODE, f" {WHY}\n")

    *_, last = select("select * from ops.personal_reading order by reading_id")
    assert last["reading_id"] > before
    assert (last["code"], last["reason"]) == (CODE, WHY)
    assert last["account"] == pwd.getpwuid(os.geteuid()).pw_name
    assert last["database_account"] == database.OWNER
    assert last["read_at"] is not None


def test_looking_for_what_is_not_kept_is_written_down_too(chiso: Callable[..., Any]) -> None:
    done = chiso("personal", "H24.999-000000-0000", "--reason", WHY)
    assert (done.returncode, done.stdout) == (
        0,
        "Không giữ dữ liệu cá nhân nào của H24.999-000000-0000.\n",
    )
    [noted] = select("select * from ops.personal_reading where code = 'H24.999-000000-0000'")
    assert noted["reason"] == WHY


@pytest.mark.usefixtures("kept")
def test_without_a_reason_nothing_is_shown() -> None:
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    with pytest.raises(ChisoError, match="Lý do xem đang trống"):
        personal.read(CODE, " \n")


@pytest.mark.parametrize("change", ["update {} set reason = ''", "delete from {}", "truncate {}"])
def test_the_record_of_readings_cannot_be_changed(change: str) -> None:
    personal.read(CODE, WHY)
    with database.connect() as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute(change.format("ops.personal_reading").encode())


def test_the_table_is_granted_to_a_role_of_its_own_and_to_no_reader() -> None:
    rights = select(
        "select grantee, privilege_type from information_schema.role_table_grants"
        " where table_schema = 'personal' and grantee <> current_user"
    )
    assert rights == [{"grantee": "chiso_personal", "privilege_type": "SELECT"}]
    [role] = select("select * from pg_roles where rolname = 'chiso_personal'")
    assert not role["rolcanlogin"]
    for reader in database.READERS:
        for table in ("personal.row", "ops.personal_reading", "ops.personal_purge"):
            [may] = select("select has_table_privilege(%s, %s, 'select') as read", reader, table)
            assert not may["read"]


# --- the key -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("is_lost", [True, False])
def test_with_a_lost_or_another_key_nothing_is_read_or_loaded(is_lost: bool) -> None:
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    key = personal.keys_file()
    right = key.read_text()
    key.unlink()
    if not is_lost:
        settings.write_private(key, Fernet.generate_key().decode())
    for step in (said, load_days):
        with pytest.raises(ChisoError, match=r"[Kk]hóa .*personal\.key.* hãy"):
            step()
    [sentence] = restore._missing()  # as it is said after a restore on another machine
    assert "dữ liệu cá nhân đang được giữ" in sentence
    assert key.exists() != is_lost  # none was made in its place

    settings.write_private(key, right)
    assert "Người Nộp Mẫu" in said()


@pytest.mark.usefixtures("kept")
def test_machines_that_share_an_object_store_must_be_given_one_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHISO_LANDING", "s3://kho")
    with database.connect() as connection:
        with pytest.raises(ChisoError, match="CHISO_PERSONAL_KEY"):
            personal.cipher(connection)
        monkeypatch.setenv("CHISO_PERSONAL_KEY", "ngan")
        with pytest.raises(ChisoError, match="CHISO_PERSONAL_KEY có khóa không đúng dạng"):
            personal.cipher(connection)


@pytest.mark.usefixtures("kept")
def test_a_rotation_seals_every_row_anew_and_forgets_the_old_key() -> None:
    deliver("dossiers", "a.json", [dossier()])
    deliver("petitions", "a.json", [GOOD["petitions"] | TEXTS])
    load_days()
    old = personal.keys_file().read_text()

    rotate.run("personal")

    new = personal.keys_file().read_text()
    assert old not in new
    for row in rows():
        Fernet(new).decrypt(row["sealed"])
    assert "Người Nộp Mẫu" in said()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("moment", ["before the rows", "after the rows"])
def test_a_rotation_that_is_cut_off_loses_nothing_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    old = personal.keys_file().read_text()
    write = settings.write_private

    def killed(path: Any, content: str) -> None:
        if moment == "after the rows" and "," not in content:
            raise KeyboardInterrupt
        write(path, content)
        if moment == "before the rows":
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(settings, "write_private", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate.run("personal")
    proposed, _ = personal.keys_file().read_text().split(",")
    assert "Người Nộp Mẫu" in said()
    load_days()

    rotate.run("personal")
    assert personal.keys_file().read_text() == proposed != old
    assert "Người Nộp Mẫu" in said()


@pytest.mark.usefixtures("kept")
def test_a_given_key_is_rotated_where_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv("CHISO_PERSONAL_KEY", old)
    deliver("dossiers", "a.json", [dossier()])
    load_days()
    with pytest.raises(ChisoError, match="thêm vào trước nó một khóa mới"):
        rotate.run("personal")

    monkeypatch.setenv("CHISO_PERSONAL_KEY", f"{new},{old}")
    rotate.run("personal")
    monkeypatch.setenv("CHISO_PERSONAL_KEY", new)
    assert "Người Nộp Mẫu" in said()
    assert not personal.keys_file().exists()


# --- how long ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("kept")
def test_what_is_kept_goes_with_the_files_that_brought_it_and_that_is_written_down() -> None:
    other = dossier(MaHoSo="H24.999-261121-0001")
    deliver("dossiers", "a.json", [dossier()])
    deliver("dossiers", "a.json", [other], NEXT_DAY)
    night = NEXT_DAY + timedelta(days=90)
    load_days(DAY, NEXT_DAY, night)

    purge_night(night)

    assert [row["row_key"] for row in rows()] == [other["MaHoSo"]]
    [record] = select("select * from ops.personal_purge")
    assert (record["night"], record["source"], record["export_day"], record["rows"]) == (
        night,
        "dossiers",
        DAY,
        1,
    )


def test_what_was_kept_goes_once_the_setting_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("dossiers", "a.json", [dossier()])
    with monkeypatch.context() as on:
        on.setenv("CHISO_KEEP_PERSONAL", "1")
        load_days()
    assert len(rows()) == 1
    purge_night(DAY)
    assert rows() == []
    [record] = select("select rows from ops.personal_purge")
    assert record["rows"] == 1
