"""A file may come late, twice, or again with corrections."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ..deliveries import DAY, Row, deliver, load_days, loads, newest, select, set_aside
from . import tables
from .rows import keyed, load_of, stored

pytestmark = pytest.mark.usefixtures("empty_warehouse")

NEXT = DAY + timedelta(days=1)
AFTER = DAY + timedelta(days=2)


def name(number: int = 1) -> str | None:
    row = stored("units", number)
    assert row is not None
    return row["tendonvi"]


def unit(name: str, number: int = 1, **fields: Any) -> Row:
    return keyed("units", number, TenDonVi=name, **fields)


def versions() -> int:
    return int(select("select count(*) as versions from raw.units")[0]["versions"])


def test_the_same_rows_again_change_nothing() -> None:
    sources = ("dossiers", "petitions", "ratings", "announcements", "surveys", "portal_scores")
    rows = {source: [keyed(source, number) for number in (1, 2)] for source in sources}
    for source in sources:
        deliver(source, "a.jsonl", rows[source])
    load_days()
    once = {source: newest(source) for source in sources}

    load_days()
    for source in sources:
        deliver(source, "b.csv", rows[source])
        deliver(source, "a.jsonl", rows[source], NEXT)
    load_days(DAY, NEXT)

    assert {source: newest(source) for source in sources} == once
    for source in sources:
        kept = select(f"select count(*) as versions from raw.{source}")
        days = 2 if source == "portal_scores" else 1  # what was published on each day is kept
        assert kept == [{"versions": 2 * days}], source
    assert [load["rows_accepted"] for load in loads()] == [2] * 3 * len(sources)


def test_a_day_loaded_twice_reads_no_file_twice() -> None:
    deliver("units", "a.jsonl", [unit("A"), unit("B", 2, Cap="la")])
    load_days()
    load_days()

    assert versions() == 1
    assert len(set_aside()) == 1
    assert len(loads()) == 1


def test_a_file_sent_again_with_corrections_replaces_what_it_said() -> None:
    deliver("units", "a.jsonl", [unit("sai"), unit("B", 2)])
    load_days()
    deliver("units", "a.jsonl", [unit("đúng"), unit("B", 2)])
    load_days()

    assert (name(1), name(2)) == ("đúng", "B")


def test_a_corrected_file_that_no_longer_has_a_row_deletes_nothing() -> None:
    deliver("units", "a.jsonl", [unit("A"), unit("B", 2)])
    load_days()
    deliver("units", "a.jsonl", [unit("A")])
    load_days()

    assert name(2) == "B"


def test_a_late_file_of_an_older_day_does_not_beat_a_newer_day_and_is_late() -> None:
    deliver("units", "a.jsonl", [unit("mới")], NEXT)
    load_days(NEXT)
    deliver("units", "a.jsonl", [unit("cũ"), unit("chỉ có ở đây", 2)], DAY)
    load_days(DAY)

    assert (name(1), name(2)) == ("mới", "chỉ có ở đây")
    assert load_of("a.jsonl", "units", DAY)["is_late"]
    assert not load_of("a.jsonl", "units", NEXT)["is_late"]


def test_a_file_of_the_day_after_its_night_is_late_and_counts_as_that_days() -> None:
    deliver("units", "b.jsonl", [unit("sau")])
    load_days()
    deliver("units", "a.jsonl", [unit("trước"), unit("thêm", 2)])
    load_days()

    assert (name(1), name(2)) == ("sau", "thêm")
    assert load_of("a.jsonl")["is_late"]
    assert not load_of("b.jsonl")["is_late"]


def test_a_late_table_fills_what_later_tables_have_no_column_for() -> None:
    deliver("units", "a.csv", b"MaDonVi,TenDonVi\nH24.00001,T\xc3\xaan\n", AFTER)
    load_days(AFTER)
    deliver("units", "a.csv", b"MaDonVi,Cap,MaGSO\nH24.00001,so,1\n", NEXT)
    load_days(NEXT)
    deliver("units", "a.jsonl", [{"MaDonVi": "H24.00001", "Cap": "xa", "MaDonViCha": "H24"}], DAY)
    load_days(DAY)

    row = stored("units", 1)
    assert row is not None
    assert (row["tendonvi"], row["cap"], row["magso"]) == ("Tên", "so", "1")
    assert row["madonvicha"] == "H24"


def test_a_late_json_object_wipes_only_what_is_older_than_it() -> None:
    deliver("units", "a.jsonl", [unit("A", MaGSO="1")], DAY)
    deliver(
        "units", "a.csv", tables.comma_separated([["MaDonVi", "Cap"], ["H24.00001", "so"]]), AFTER
    )
    load_days(DAY, AFTER)
    assert name() == "A"

    deliver("units", "a.json", json.dumps([{"MaDonVi": "H24.00001", "MaGSO": "2"}]).encode(), NEXT)
    load_days(NEXT)

    row = stored("units", 1)
    assert row is not None
    assert (row["tendonvi"], row["magso"], row["cap"]) == (None, "2", "so")


def test_a_day_without_files_and_a_day_that_was_skipped_change_nothing() -> None:
    deliver("units", "a.jsonl", [unit("A")])
    load_days(DAY, NEXT)
    deliver("units", "a.jsonl", [unit("C")], AFTER + timedelta(days=3))
    load_days(AFTER + timedelta(days=3))

    assert name() == "C"
    assert len(loads()) == 2


def test_one_renamed_copy_of_a_file_changes_nothing() -> None:
    deliver("units", "z.jsonl", [unit("cũ")])
    deliver("units", "z.jsonl", [unit("mới")], NEXT)
    load_days(DAY, NEXT)
    deliver("units", "z (1).jsonl", [unit("cũ")])
    load_days(DAY)

    assert name() == "mới"


def test_any_format_may_correct_any_other() -> None:
    endings = ("jsonl", "csv", "json", "jsonl.gz", "csv.gz")
    days = [DAY + timedelta(days=number) for number in range(len(endings) + 1)]
    for day, ending in zip(days, endings, strict=False):
        deliver("units", f"a.{ending}", [unit(ending)], day)
    deliver("units", "a.xlsx", tables.xlsx(*tables.vendor_sheet([unit("xlsx")])), days[-1])
    for day, ending in zip(days, (*endings, "xlsx"), strict=True):
        load_days(day)
        assert name() == ending


def test_a_refused_file_does_not_touch_what_an_older_one_said() -> None:
    deliver("units", "a.xlsx", tables.xlsx(*tables.vendor_sheet([unit("A")])))
    deliver("units", "a.xlsx", b"PK\x03\x04 hong", NEXT)
    load_days(DAY, NEXT)

    assert load_of("a.xlsx", "units", NEXT)["state"] == "refused"
    assert name() == "A"


def test_the_bounds_of_times_are_those_of_the_export_day_and_not_of_the_loading_day() -> None:
    for day in (DAY, DAY - timedelta(days=365)):
        row = keyed("petitions", day.year, NgayTraLoi="20361120")
        deliver("petitions", "a.jsonl", [row], day)
    load_days(DAY, DAY - timedelta(days=365))

    assert stored("petitions", DAY.year) is not None
    assert stored("petitions", DAY.year - 1) is None
    assert [row["rule"] for row in set_aside()] == ["bad_time"]


def open_rows() -> list[tuple[Any, ...]]:
    """What is set aside, and whether it is healed; without what says when it was loaded."""
    return sorted(
        (row["export_day"], row["line"], row["rule"], row["healed_load_id"] is not None)
        for row in set_aside()
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_what_is_set_aside_and_healed_does_not_depend_on_the_order_of_arrival(
    order: tuple[int, ...],
) -> None:
    days = (DAY, NEXT, AFTER)
    files = (
        ("a.jsonl", [unit("A"), unit("B", 2), unit("C", 3, Cap="la")]),
        ("a.csv", [unit("A", Cap="la"), unit("B", 2, Cap="la")]),
        ("a.csv", [{"MaDonVi": unit("A")["MaDonVi"], "Cap": "so"}]),
    )
    for place in order:
        deliver("units", files[place][0], files[place][1], days[place])
        load_days(days[place])

    assert open_rows() == [
        (DAY, 3, "unknown_value", False),
        (NEXT, 2, "unknown_value", True),
        (NEXT, 3, "unknown_value", False),
    ]
    assert (name(1), name(2)) == ("A", "B")
    assert (stored("units", 1) or {})["cap"] == "so"
    assert [load["rows_set_aside"] for load in loads()] == [1, 2, 0]
