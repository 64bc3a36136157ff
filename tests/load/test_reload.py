"""A day is loaded again where somebody asks for it and says why; contents that did not change stay
as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import database, settings
from chiso766.check import check_day
from chiso766.errors import ChisoError
from chiso766.reload import ask_reload

from ..deliveries import DAY, GOOD, Row, deliver, load_days, loads, newest, open_rows, select

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NEXT_DAY = DAY + timedelta(days=1)
WHY = "đã bổ sung tên cột của phần mềm mới"
EMPTY = "Lý do nạp lại đang trống: hãy ghi vì sao cần nạp lại, trong một câu."


def unit(code: str, **fields: Any) -> Row:
    return {"MaDonVi": code, "Cap": "xa", **fields}


def loaded() -> int:
    return int(select("select count(*) from ops.load")[0]["count"])


def versions() -> list[Row]:
    return select("select * from raw.units order by load_id, line")


def accounts() -> list[Row]:
    counted = ("file_id", "state", "refusal", "rows_read", "rows_accepted", "rows_set_aside")
    return [{name: row[name] for name in (*counted, "is_late", "warnings")} for row in loads()]


def test_nothing_changes_where_files_and_rules_did_not() -> None:
    for content in ([unit("A", TenDonVi="một"), unit("B")], [unit("A", TenDonVi="hai")]):
        deliver("units", "a.json", [*content, unit("C") | {"Cap": "huyen"}])
        load_days()
    deliver("units", "b.csv", b"MaDonVi,TenDonVi\nB,ba\n")
    deliver("units", "c.json", b"[")
    deliver("units", "a.json", [unit("A", TenDonVi="một")], NEXT_DAY)
    load_days(DAY, NEXT_DAY)
    before = (newest("units"), versions(), accounts(), len(open_rows()))
    count = loaded()

    ask_reload(DAY, WHY, "run 1")
    load_days()

    assert (newest("units"), versions(), accounts(), len(open_rows())) == before
    assert loaded() == count + 4  # the files of the day, and none of the next


def test_a_refused_file_is_read_once_its_titles_are_known() -> None:
    deliver("units", "a.csv", "Ký hiệu,Tên\nA,một\n".encode())
    deliver("units", "b.json", [unit("B") | {"Cap": "huyen"}])
    deliver("units", "a.json", [unit("B"), unit("A")], NEXT_DAY)
    load_days(DAY, NEXT_DAY)
    assert [row["state"] for row in loads()] == ["refused", "loaded", "loaded"]

    aliases = settings.load().home / "aliases"
    aliases.mkdir(parents=True)
    (aliases / "moi.csv").write_text(
        "source,title,field\nunits,Ký hiệu,MaDonVi\nunits,Tên,TenDonVi\n", encoding="utf-8"
    )
    load_days()
    assert loads()[0]["state"] == "refused"

    ask_reload(DAY, WHY, "run 1")
    load_days()

    assert [row["state"] for row in loads()] == ["loaded"] * 3
    assert [row["tendonvi"] for row in versions() if row["row_key"] == "A"] == [None, "một"]
    assert newest("units")["A"]["tendonvi"] is None
    assert open_rows() == []


def test_the_reason_is_kept_with_the_day() -> None:
    ask_reload(DAY, f"  {WHY}\n ", "run 1")

    [asked] = select("select * from ops.reload")
    assert (asked["export_day"], asked["reason"]) == (DAY, WHY)
    assert asked["asked_at"] is not None


@pytest.mark.parametrize("reason", ["", " \n\t", "\0"])
def test_an_empty_reason_is_refused(reason: str) -> None:
    with pytest.raises(ChisoError, match=EMPTY):
        ask_reload(DAY, reason, "run 1")

    assert select("select * from ops.reload") == []


def test_a_run_that_is_tried_again_asks_once_and_another_run_asks_anew() -> None:
    deliver("units", "a.json", [unit("A")])
    load_days()
    ask_reload(DAY, WHY, "run 1")
    load_days()
    assert loaded() == 2

    ask_reload(DAY, WHY, "run 1")
    load_days()
    assert loaded() == 2

    ask_reload(DAY, WHY, "run 2")
    load_days()
    assert loaded() == 3


def test_a_day_that_was_asked_for_is_loaded_again_by_whatever_check_comes_next() -> None:
    deliver("units", "a.json", [unit("A")])
    load_days()

    ask_reload(DAY, WHY, "run 1")
    check_day(NEXT_DAY)

    assert loaded() == 2
    assert not any(row["is_late"] for row in loads())


def test_an_empty_reason_on_the_command_line_is_one_sentence_and_starts_nothing(
    chiso: Callable[..., Any], tmp_path: Path
) -> None:
    done = chiso("nightly", str(DAY), "--reason", " ", CHISO_HOME=str(tmp_path / "none"))

    assert done.returncode == 1
    assert (done.stdout, done.stderr) == ("", EMPTY + "\n")
    assert not (tmp_path / "none").exists()


# --- through Airflow ---------------------------------------------------------------------------


@pytest.fixture
def run(airflow: None) -> Iterator[Callable[..., None]]:
    """Runs a step for the day as ``./chiso nightly`` does where no scheduler lives."""
    from chiso766 import airflow_runs

    with airflow_runs.Runner(airflow_runs.prepare(), by_scheduler=False) as runner:
        yield lambda step, reason=None: runner.run(step, DAY, reason)


def runs() -> list[tuple[Any, ...]]:
    query = "select run_id, conf from dag_run where dag_id = 'fetch' order by id"
    with database.open_url(database.airflow_url()) as connection:
        return connection.execute(query.encode()).fetchall()


def test_the_reason_travels_with_the_run_of_the_first_step(run: Callable[..., None]) -> None:
    deliver("units", "a.json", [unit("A")])
    for reason in (None, WHY, None):
        for step in ("fetch", "check"):
            run(step, reason)

    assert loaded() == 2
    *_, (_, before), (run_id, asked), (_, after) = runs()
    assert (before, asked, after) == ({}, {"reason": WHY}, {})
    assert select("select run_id, reason from ops.reload") == [{"run_id": run_id, "reason": WHY}]


def test_an_empty_reason_given_in_the_ui_is_refused(run: Callable[..., None]) -> None:
    with pytest.raises(ChisoError, match=EMPTY):
        run("fetch", " ")

    assert select("select * from ops.reload") == []


def test_the_ui_asks_for_the_reason_in_vietnamese_and_needs_none(airflow: None) -> None:
    from chiso766 import airflow_runs

    [(name, reason)] = airflow_runs.prepare()["fetch"].params.items()
    assert (name, reason.value) == ("reason", None)
    assert reason.schema["title"] == "Lý do nạp lại"
    assert "nạp lại mọi tệp" in reason.description


def test_good_rows_of_every_source_are_loaded_again_without_a_new_version() -> None:
    for source, row in GOOD.items():
        deliver(source, "a.json", [row])
    load_days()

    ask_reload(DAY, WHY, "run 1")
    load_days()

    assert {row["rows_changed"] for row in loads()} == {0}
    assert loaded() == 2 * len(GOOD)
