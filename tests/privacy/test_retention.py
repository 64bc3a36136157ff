"""Landed files are deleted when their retention is over, with a record, and no number changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import landing, restore, settings
from chiso766.errors import ChisoError
from chiso766.purge import purge_night
from chiso766.reload import ask_reload

from ..connectors.servers import S3Server, moto_port, s3_server
from ..deliveries import DAY, GOOD, Row, deliver, load_days, loads, newest, select
from ..object_store.conftest import store

__all__ = ["moto_port", "s3_server", "store"]

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NIGHT = DAY + timedelta(days=90)
OLDER = DAY - timedelta(days=1)


def unit(name: str) -> list[Row]:
    return [GOOD["units"] | {"TenDonVi": name}]


def kept() -> set[Path]:
    return {path for path in (settings.load().home / "landing").rglob("*") if path.is_file()}


def purged() -> list[tuple[Any, ...]]:
    """Day and name of the files written down, the night it was decided for, whether bytes went."""
    rows = select(
        "select export_day, file_name, night, deleted_at is not null as is_deleted"
        " from ops.purge left join ops.file using (file_id) order by export_day, file_name"
    )
    return [tuple(row.values()) for row in rows]


def load_old_and_new() -> None:
    """A file whose retention ends at ``NIGHT``, one that has a day left, and the night's own."""
    for day, name in ((OLDER, "cũ"), (DAY, "vừa"), (NIGHT, "mới")):
        deliver("units", f"{day}.csv", unit(name), day)
    load_days(OLDER, DAY, NIGHT)


def test_bytes_older_than_90_days_go_and_what_was_loaded_from_them_stays() -> None:
    load_old_and_new()
    before = (newest("units"), select("select * from raw.units order by load_id"), loads())

    purge_night(NIGHT)

    [old, *others] = select("select sha256 from ops.file order by export_day")
    assert kept() == {landing.landing_path(row["sha256"]) for row in others}
    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, True)]
    [record] = select("select * from ops.purge")
    assert record["sha256"] == old["sha256"]
    assert record["decided_at"] <= record["deleted_at"]
    assert (newest("units"), select("select * from raw.units order by load_id"), loads()) == before


def test_the_setting_says_for_how_many_days(monkeypatch: pytest.MonkeyPatch) -> None:
    load_old_and_new()
    monkeypatch.setenv("CHISO_RETENTION_DAYS", "89")
    purge_night(NIGHT)
    assert [row[0] for row in purged()] == [OLDER, DAY]


def test_the_night_decides_and_not_the_clock_nor_a_day_that_no_night_has_reached() -> None:
    load_old_and_new()
    purge_night(DAY)
    assert purged() == []

    purge_night(date(2999, 12, 31))  # asked for by mistake
    assert [row[0] for row in purged()] == [OLDER]


def test_the_drop_folder_is_left_as_it_is() -> None:
    load_old_and_new()
    before = sorted(settings.load().exports.rglob("*"))
    purge_night(NIGHT)
    assert sorted(settings.load().exports.rglob("*")) == before


def test_bytes_that_a_newer_file_shares_stay_until_that_one_goes() -> None:
    for day in (OLDER, NIGHT):
        deliver("units", "a.csv", unit("như cũ"), day)
    load_days(OLDER, NIGHT)

    purge_night(NIGHT)
    assert len(kept()) == 1
    assert purged() == [(OLDER, "a.csv", NIGHT, False)]

    later = NIGHT + timedelta(days=91)
    load_days(later)
    purge_night(later)
    assert kept() == set()
    assert purged() == [(OLDER, "a.csv", NIGHT, True), (NIGHT, "a.csv", later, True)]


def test_what_was_cut_off_between_record_and_deletion_is_finished_by_the_next_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_old_and_new()

    def full(sha256: str) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr(landing, "remove", full)
        with pytest.raises(ChisoError, match=r"Không xóa được .*Permission denied.*DAG purge"):
            purge_night(NIGHT)
    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, False)]
    assert len(kept()) == 3

    purge_night(NIGHT + timedelta(days=1))

    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, True)]
    assert len(kept()) == 2


def test_bytes_deleted_before_that_was_written_down_are_written_down_by_the_next_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_old_and_new()
    remove = landing.remove

    def killed(sha256: str) -> None:
        remove(sha256)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(landing, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            purge_night(NIGHT)
    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, False)]

    purge_night(NIGHT)
    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, True)]


def test_a_file_that_still_waits_to_be_loaded_is_kept_with_those_of_its_source() -> None:
    load_old_and_new()
    deliver("units", "sau.csv", unit("chưa nạp"), OLDER)
    deliver("petitions", "a.json", [GOOD["petitions"]], OLDER)
    from chiso766.fetch import fetch_day

    fetch_day(NIGHT)
    purge_night(NIGHT)
    assert purged() == []

    load_days(NIGHT)
    purge_night(NIGHT)
    assert [row[:2] for row in purged()] == [
        (OLDER, f"{OLDER}.csv"),
        (OLDER, "a.json"),
        (OLDER, "sau.csv"),
    ]


def test_bytes_of_no_file_go_by_the_day_they_came() -> None:
    load_old_and_new()
    for name, day in (("a" * 64, OLDER), ("b" * 64, DAY)):
        path = landing.landing_path(name)
        settings.make_private(path.parent)
        path.write_bytes(b"cut off before it was registered")
        moment = datetime.combine(day, datetime.min.time()).timestamp()
        os.utime(path, (moment + 43_200, moment + 43_200))

    purge_night(NIGHT)

    assert not landing.landing_path("a" * 64).exists()
    assert landing.landing_path("b" * 64).exists()
    assert (None, None, NIGHT, True) in purged()


# --- who asks for what is gone -----------------------------------------------------------------

GONE = f"Tệp của ngày {OLDER} đã bị xóa khỏi vùng lưu đêm {NIGHT} vì quá hạn lưu"


def test_a_reload_of_files_that_are_gone_is_one_sentence() -> None:
    load_old_and_new()
    purge_night(NIGHT)

    with pytest.raises(ChisoError, match=GONE):
        ask_reload(OLDER, "thử", "run 1")

    assert select("select * from ops.reload") == []
    ask_reload(DAY, "thử", "run 2")


def test_so_it_is_on_the_command_line_before_anything_is_started(chiso: Callable[..., Any]) -> None:
    load_old_and_new()
    purge_night(NIGHT)

    done = chiso("nightly", str(OLDER), "--to", str(DAY), "--reason", "thử")

    assert done.returncode == 1
    assert done.stderr.startswith(GONE)
    assert done.stdout == ""
    assert select("select * from ops.reload") == []


def test_a_reload_that_was_asked_for_before_does_not_look_for_what_is_gone() -> None:
    load_old_and_new()
    ask_reload(OLDER, "thử", "run 1")
    purge_night(NIGHT)
    assert purged() == []  # its turn is still to come

    load_days(NIGHT)
    purge_night(NIGHT)
    assert len(purged()) == 1
    load_days(NIGHT)


def test_a_file_that_comes_before_those_that_are_gone_is_refused_and_no_number_changes() -> None:
    # As it came: the file of the day after says what the first one said, so it is no version of
    # its own. Were the late one taken, its name would stand, though the day after says otherwise.
    for day in (OLDER, DAY, NIGHT + timedelta(days=2)):
        deliver("units", "a.csv", unit("đúng"), day)
    load_days(OLDER, DAY, NIGHT + timedelta(days=2))
    purge_night(NIGHT + timedelta(days=2))
    assert len(purged()) == 2

    deliver("units", "muon.csv", unit("của hôm trước"), OLDER)
    load_days(NIGHT + timedelta(days=2))

    assert newest("units")["H24.999"]["tendonvi"] == "đúng"
    [late] = [row for row in loads() if row["file_name"] == "muon.csv"]
    assert late["state"] == "refused"
    assert "đến khi tệp của các ngày sau đã bị xóa vì quá hạn lưu" in late["refusal"]
    load_days(NIGHT + timedelta(days=2))
    assert len(loads()) == 4


def test_a_file_that_comes_late_but_before_none_that_is_gone_is_taken() -> None:
    load_old_and_new()
    purge_night(NIGHT)
    deliver("units", "muon.csv", unit("muộn"), DAY)
    deliver("petitions", "muon.json", [GOOD["petitions"]], OLDER)  # another source

    load_days(NIGHT)

    assert {row["state"] for row in loads()} == {"loaded"}
    assert newest("units")["H24.999"]["tendonvi"] == "mới"


def test_a_restore_misses_what_was_lost_and_not_what_was_purged() -> None:
    load_old_and_new()
    purge_night(NIGHT)
    assert list(restore._missing()) == []

    next(iter(kept())).unlink()
    [sentence] = restore._missing()
    assert sentence.startswith("Vùng lưu thiếu 1 tệp mà kho dữ liệu đã nhận")


def test_the_doctor_names_files_that_nobody_purges(airflow: None) -> None:
    from chiso766 import doctor_warehouse  # with it comes Airflow

    load_old_and_new()
    assert list(doctor_warehouse.retention()) == []
    load_days(NIGHT + timedelta(days=2))
    [found] = doctor_warehouse.retention()
    assert found.what == "1 tệp trong sổ nhận quá hạn lưu 90 ngày mà chưa được xóa."

    purge_night(NIGHT)
    assert list(doctor_warehouse.retention()) == []


def test_an_object_store_is_purged_like_a_folder(store: S3Server) -> None:
    load_old_and_new()

    purge_night(NIGHT)

    listed = store.client.list_objects_v2(Bucket=store.bucket, Prefix="chiso/landing/")
    [_, *others] = [row["sha256"] for row in select("select sha256 from ops.file order by file_id")]
    assert {item["Key"].rpartition("/")[2] for item in listed["Contents"]} == set(others)
    assert purged() == [(OLDER, f"{OLDER}.csv", NIGHT, True)]
