"""Any order of arrival ends in the same warehouse: contract/exports.md, "Where".

A world is a set of files of several days: dirty, corrected under their names, tables with few
columns, full dumps after deltas. Its files arrive in one night after the other, and then shuffled:
days out of order, files late, nights cut off, days loaded again. Rows, open rows set aside and
accounts must be equal in the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from chiso766 import load, settings
from chiso766.check import check_day
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.reload import ask_reload

from ..deliveries import DAY, Row, deliver, empty, newest, select, written

pytestmark = pytest.mark.usefixtures("empty_warehouse")

DAYS = [DAY + timedelta(days=days) for days in range(4)]
KEYS = [f"H24.999-261120-{number}" for number in range(4)]
KILL = "select pg_terminate_backend(pg_backend_pid())"
POINTS = ("keep_older", "set_aside", "keep_healed", "insert_versions", "heal", "open_again")
FIELDS = ("MaTTHC", "TrangThaiHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "HinhThuc", "GhiThem")


@dataclass(frozen=True)
class Sending:
    """A file, and how many were sent under its name for its day before."""

    day: date
    name: str
    turn: int
    content: bytes


def row(random: Random, key: str) -> Row:
    """Mostly good; times are drawn so that a table's may break those of an older row."""
    return {
        "MaHoSo": key,
        "MaTTHC": random.choice(["1.004227"] * 9 + [""]),
        "TrangThaiHoSo": random.choice(["4", "9", "9", "10", "99"]),
        "NgayTiepNhan": random.choice(["", "20261118", "20261119", "20261121"]),
        "NgayKetThucXuLy": random.choice(["", "", "20261120", "20261122"]),
        "HinhThuc": random.choice(["", "0", "1"]),
        "GhiThem": random.choice(["", "a", "b"]),
    }


def rows(random: Random) -> list[Row]:
    return [row(random, key) for key in random.choices(KEYS, k=random.randint(1, 4))]


def objects(random: Random) -> bytes:
    """Lines, some of which cannot be read or have a wrong code."""
    lines = written("a.jsonl", rows(random)).splitlines(keepends=True)
    if random.random() < 0.3:
        lines.insert(random.randint(0, len(lines)), b'{"MaHoSo": \n')
    if random.random() < 0.3:
        lines += written("a.jsonl", [row(random, "H24.999-1-1")]).splitlines(keepends=True)
    return b"".join(lines)


def table(random: Random) -> bytes:
    columns = random.sample(FIELDS, random.randint(1, len(FIELDS)))
    content = rows(random)
    return written(
        "a.csv", [{name: each[name] for name in ("MaHoSo", *columns)} for each in content]
    )


def world(random: Random) -> list[Sending]:
    """In the order in which the files count: by day, name and sending."""
    sendings = []
    for day in DAYS:
        for name in random.sample(["a.jsonl", "b.csv", "c.jsonl"], random.randint(1, 2)):
            make = table if name.endswith(".csv") else objects
            contents = [make(random) for _ in range(random.choice([1, 1, 2]))]
            if len(contents) == 2 and random.random() < 0.5 and contents[0] != contents[1]:
                contents.append(contents[0])  # and then as it was at first
            sendings += [
                Sending(day, name, turn, content)
                for turn, content in enumerate(dict.fromkeys(contents[:2]))
            ] + [Sending(day, name, 2, content) for content in contents[2:]]
    full = [row(random, key) for key in KEYS[:3]]
    return [*sendings, Sending(DAYS[-1], "z.jsonl", 0, written("z.jsonl", full))]


def arrivals(random: Random, sendings: list[Sending]) -> Iterator[Sending]:
    """In any order, but what is sent under one name stays in its own."""
    places = [(sending.day, sending.name) for sending in sendings]
    random.shuffle(places)
    waiting: dict[Any, list[Sending]] = {place: [] for place in places}
    for sending in sendings:
        waiting[sending.day, sending.name].append(sending)
    for place in places:
        yield waiting[place].pop(0)


def receive(sending: Sending) -> None:
    deliver("dossiers", sending.name, sending.content, sending.day)
    fetch_day(sending.day)


def run_in_order(sendings: list[Sending]) -> None:
    for sending in sendings:
        receive(sending)
        check_day(sending.day)


def run_shuffled(random: Random, sendings: list[Sending], monkeypatch: pytest.MonkeyPatch) -> None:
    for number, sending in enumerate(arrivals(random, sendings)):
        receive(sending)
        chance = random.random()
        if chance < 0.3:
            with monkeypatch.context() as fault:
                fault.setattr(load, random.choice(POINTS), lambda *_: KILL)
                with suppress(ChisoError):  # the point may not be reached
                    check_day(DAYS[-1])
        elif chance < 0.4:
            ask_reload(random.choice(DAYS), "thử", f"run {number}")
        elif chance < 0.8:
            check_day(random.choice(DAYS))
    for day in random.sample(DAYS, len(DAYS)):
        check_day(day)


def warehouse() -> dict[str, Any]:
    """What must be equal; files by day, name and sending instead of their numbers."""
    files = """
        select file_id, concat_ws('/', export_day, file_name, row_number() over (
            partition by source, export_day, file_name order by file_id)) as file from ops.file
    """
    return {
        "rows": newest("dossiers"),
        "open": select(
            f"select file, line, rule, field, value, row_key, unit_code from set_aside.row"
            f" join ops.load using (load_id) join ({files}) as files using (file_id)"
            " where healed_load_id is null order by file, line"
        ),
        "set aside": select(
            f"select file, line, rule, field, row_key from set_aside.row"
            f" join ops.load using (load_id) join ({files}) as files using (file_id)"
            " order by file, line"
        ),
        "accounts": select(
            "select distinct on (file) file, state, rows_read, rows_accepted, rows_set_aside,"
            f" warnings from ops.load join ({files}) as files using (file_id)"
            " order by file, load_id desc"
        ),
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_same_files_end_in_the_same_warehouse(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    sendings = world(random)
    run_in_order(sendings)
    expected = warehouse()
    assert expected["rows"]
    assert 0 < len(expected["open"]) < len(expected["set aside"])  # else it could not fail

    empty()
    shutil.rmtree(settings.load().exports)
    run_shuffled(random, sendings, monkeypatch)

    assert warehouse() == expected
