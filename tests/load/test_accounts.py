"""Rows read are rows accepted and rows set aside; nothing is lost or doubled, whatever happens."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest

from chiso766 import load, warehouse
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.rows import Tidy
from chiso766.sources import SOURCES

from ..deliveries import (
    DAY,
    DOSSIER,
    GOOD,
    Row,
    deliver,
    load_days,
    loads,
    newest,
    select,
    set_aside,
)

pytestmark = pytest.mark.usefixtures("empty_warehouse")

TABLES = [f"raw.{source}" for source in SOURCES] + [
    "set_aside.row",
    "ops.file",
    "ops.load",
    "ops.night",
]


def warehouse_as_it_is() -> dict[str, list[Row]]:
    return {
        name: select(f"select each::text from {name} as each order by each::text")
        for name in TABLES
    }


def deliver_a_bit_of_everything() -> None:
    for source, row in GOOD.items():
        deliver(source, "a.json", [row])
    deliver("dossiers", "b.jsonl", b'{"MaHoSo": \n')
    deliver(
        "dossiers",
        "c.csv",
        [{"MaHoSo": DOSSIER["MaHoSo"], "HinhThuc": "1"}, {"MaHoSo": "7", "HinhThuc": "9"}],
    )
    deliver("units", "b.csv", b"khong,co,khoa\n1,2,3\n")


def test_a_day_that_is_run_twice_changes_nothing() -> None:
    deliver_a_bit_of_everything()
    load_days()
    first = warehouse_as_it_is()

    load_days()

    assert warehouse_as_it_is() == first


def test_rows_read_are_rows_accepted_and_rows_set_aside_for_every_file() -> None:
    deliver_a_bit_of_everything()

    load_days()

    for row in loads():
        aside = select("select count(*) from set_aside.row where load_id = %s", row["load_id"])
        assert row["rows_set_aside"] == aside[0]["count"]
        assert row["rows_read"] == row["rows_accepted"] + row["rows_set_aside"]
    assert {
        row["file_name"]: (row["rows_read"], row["rows_set_aside"])
        for row in loads()
        if row["source"] == "dossiers"
    } == {"a.json": (1, 0), "b.jsonl": (1, 1), "c.csv": (2, 1)}


def test_rows_of_a_file_given_twice_are_all_accepted_and_stored_once() -> None:
    deliver("units", "a.jsonl", [GOOD["units"]] * 3)

    load_days()

    [row] = loads()
    assert (row["rows_read"], row["rows_accepted"], row["rows_changed"]) == (3, 3, 1)


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence_and_the_others_go_on() -> None:
    deliver("units", "a.xml", b"<units/>")
    deliver("units", "b.json", b'[{"MaDonVi": "H24", "Cap": "tinh"}, {"MaDonVi"')
    deliver("units", "c.csv.gz", gzip.compress(b"MaDonVi\nH25\n")[:-4])
    deliver("units", "d.jsonl", b'{"MaDonVi": "\xff"}')
    deliver("units", "e.csv", b"x\n1\n")
    deliver("units", "f.json", [GOOD["units"]])

    load_days()

    assert [row["state"] for row in loads()] == ["refused"] * 5 + ["loaded"]
    for row in loads()[:-1]:
        assert row["file_name"] in row["refusal"]
        assert row["refusal"].endswith(".")
        assert row["rows_read"] == 0
    assert list(newest("units")) == ["H24.999"]


def test_a_refused_file_is_not_read_again_and_its_correction_is() -> None:
    deliver("units", "a.json", b"[")
    load_days()
    load_days()
    assert select("select count(*) from ops.load") == [{"count": 1}]

    deliver("units", "a.json", [GOOD["units"]])
    load_days()
    assert [row["state"] for row in loads()] == ["refused", "loaded"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"[]"), ("a.jsonl", b""), ("a.csv", b"MaDonVi,Cap\n"), ("a.jsonl", b"\n\n")],
)
def test_a_file_without_rows_is_read(name: str, content: bytes) -> None:
    deliver("units", name, content)

    load_days()

    [row] = loads()
    assert (row["state"], row["rows_read"]) == ("loaded", 0)


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.jsonl.gz"])
def test_a_file_of_no_bytes_is_refused_where_its_format_has_none(name: str) -> None:
    deliver("units", name, b"")

    load_days()

    assert loads()[0]["state"] == "refused"


def test_a_commune_code_of_another_shape_is_a_warning() -> None:
    deliver("dossiers", "a.json", [DOSSIER | {"MaXaChuHoSo": "Nhị Chiểu"}])

    load_days()

    assert "MaXaChuHoSo" in loads()[0]["warnings"]
    assert "Nhị Chiểu" not in loads()[0]["warnings"]
    assert loads()[0]["rows_accepted"] == 1


def test_nul_characters_are_left_out() -> None:
    deliver("units", "a.jsonl", b'{"MaDonVi": "H\\u000024", "Cap": "tinh", "X": ["\\u0000"]}')
    deliver("units", "b.csv", b"MaDonVi,Cap\nH\x0025,xa\n")

    load_days()

    assert set(newest("units")) == {"H24", "H25"}


def test_lists_in_lists_in_lists_are_unreadable_and_stop_nothing() -> None:
    deep = b'{"MaDonVi": "H24", "X": ' + b"[" * 900 + b"]" * 900 + b"}"
    deeper = b'{"MaDonVi": "H24", "X": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"
    deliver("units", "a.jsonl", deep + b"\n" + deeper + b'\n{"MaDonVi": "H25", "Cap": "xa"}')

    load_days()

    assert "H25" in newest("units")
    assert {row["rule"] for row in set_aside()} == {"unreadable_line"}


def test_loads_take_turns() -> None:
    for number in range(4):
        deliver("units", f"{number}.json", [GOOD["units"] | {"TenDonVi": str(number)}])
    fetch_day(DAY)

    with ThreadPoolExecutor(2) as runners:
        list(runners.map(check_day, [DAY, DAY]))

    assert select("select count(*) from ops.load") == [{"count": 4}]
    assert newest("units")["H24.999"]["tendonvi"] == "3"


# --- a load that dies ------------------------------------------------------------------------

KILL = "select pg_terminate_backend(pg_backend_pid())"
POINTS = [
    "create_stage",
    "keep_older",
    "set_aside",
    "insert_versions",
    "restore_older",
    "open_again",
]


@pytest.mark.parametrize("point", POINTS)
def test_a_load_whose_connection_dies_is_run_again_with_the_same_end(
    point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_a_bit_of_everything()
    fetch_day(DAY)

    with monkeypatch.context() as fault:
        fault.setattr(load, point, lambda *_: KILL)
        with pytest.raises(ChisoError, match="mã lỗi cơ sở dữ liệu 57P01"):
            check_day(DAY)
    check_day(DAY)

    assert_all_is_there()


def test_a_load_that_is_cut_off_while_it_copies_is_run_again_with_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver_a_bit_of_everything()
    fetch_day(DAY)
    columns = Tidy.columns

    def columns_of_a_dying_copy(tidy: Tidy, row: Row) -> tuple[str | None, ...]:
        select(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where query like 'copy load.files_dossiers%%'"
        )
        return columns(tidy, row)

    with monkeypatch.context() as fault:
        fault.setattr(Tidy, "columns", columns_of_a_dying_copy)
        with pytest.raises(ChisoError, match="cơ sở dữ liệu"):
            check_day(DAY)
    check_day(DAY)

    assert_all_is_there()


def test_a_stage_that_an_earlier_version_left_is_in_nobodys_way() -> None:
    with connect() as connection:
        connection.execute("create unlogged table load.stage_dossiers (line integer)")
        connection.execute("comment on schema ops is null")  # as before an upgrade
    warehouse.prepare()
    deliver_a_bit_of_everything()
    fetch_day(DAY)

    check_day(DAY)

    assert_all_is_there()


def assert_all_is_there() -> None:
    assert {source: len(newest(source)) for source in GOOD} == dict.fromkeys(GOOD, 1)
    assert newest("dossiers")[DOSSIER["MaHoSo"]]["hinhthuc"] == 1
    assert [row["rule"] for row in set_aside()] == ["unreadable_line", "bad_code"]
    assert select("select count(*) from ops.load") == [{"count": len(GOOD) + 3}]
    assert select("select tablename from pg_tables where schemaname = 'load'") == []
