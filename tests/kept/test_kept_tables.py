"""A build that goes on from kept tables ends in the same tables as one that makes all anew.

Nights of a small sample with faults, over the end of a month and that of a report period. Some
bring what few nights bring: a changed procedure, another service, a petition that names another
dossier, late files, a unit.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chiso766 import improvement, settings
from chiso766.build import build_marts, run_dbt
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.gate import open_gate
from chiso766.sample import write_sample

from ..deliveries import GOOD, deliver, load_days

FIRST, LAST = date(2026, 10, 24), date(2026, 11, 2)
FIRST_NIGHT = date(2026, 10, 31)
NEW_REPORT_PERIOD = date(2026, 11, 15)
LATE = date(2026, 10, 26)  # its files come later
ANEW = "anew"
# What a build is told, not what comes out of it; and the plans, which Python adds to the marts.
APART = {
    *("int_changed_dossier", "int_leaving_sum", "int_leaving_report"),
    *("improvement_plan", "known"),
}


@pytest.fixture(scope="module")
def loaded(warehouse: Path) -> date:
    """The sample through the day before the first night; both copies of the tables are filled."""
    days = (NEW_REPORT_PERIOD - FIRST).days + 1
    sample = {"days": days, "last_day": NEW_REPORT_PERIOD, "seed": 7, "dirt": 0.05}
    write_sample(warehouse, units=3, dossiers=400, **sample)
    days = [FIRST + timedelta(days=number) for number in range((FIRST_NIGHT - FIRST).days)]
    (warehouse / LATE.isoformat()).rename(warehouse / "late")
    load_days(*(day for day in days if day != LATE))
    for units in warehouse.glob("2026-1[01]-*/units"):
        if units.parent.name > days[-1].isoformat():
            shutil.rmtree(units)  # which the sample says anew on the first of a month
    for _ in range(2):
        build_marts()
        open_gate()
    return days[-1]


def deliver_procedure(day: date) -> None:
    """The procedure of most dossiers gives no paper any more, is free, and takes longer."""
    changed = {"CoKetQuaGiayTo": "0", "Phi": "0", "LePhi": "0", "ThoiHan": "30"}
    row = GOOD["procedures"] | {"MaTTHC": busiest("true")} | changed
    deliver("procedures", "z.json", [row], day)


def deliver_service(day: date) -> None:
    """Dossiers that name no service use another one now."""
    code = busiest("madvc is null and kenhthuchien = 2")
    row = GOOD["online_services"] | {"MaDVC": "0.000.000", "MaTTHC": code}
    deliver("online_services", "z.json", [row | {"TrangThai": "cong_khai"}], day)


def deliver_late(day: date) -> None:
    exports = settings.load().exports
    (exports / "late").rename(exports / LATE.isoformat())
    load_days(LATE)


def deliver_petition(day: date) -> None:
    """One that named a dossier names another."""
    [(petition, dossier)] = rows(
        "select mapakn, (select min(mahoso) from raw.dossiers) from raw.petitions"
        " where mahoso is not null order by mapakn limit 1"
    )
    row = {"MaPAKN": petition, "MaHoSo": dossier, "MaDonVi": "H24.999"}
    deliver("petitions", "z.json", [GOOD["petitions"] | row], day)


def deliver_unit(day: date) -> None:
    """A unit more: everything is made anew."""
    deliver("units", "z.json", [GOOD["units"] | {"MaDonVi": "H24.998", "MaGSO": "10999"}], day)


BEFORE_THE_NIGHT = {
    date(2026, 10, 31): (deliver_service, deliver_late),
    date(2026, 11, 1): (deliver_procedure, deliver_petition),
    date(2026, 11, 2): (deliver_unit,),
}


def test_every_night_ends_in_the_tables_that_a_build_of_all_makes(loaded: date) -> None:
    changed = {}
    for number in range((LAST - loaded).days):
        day = loaded + timedelta(days=number + 1)
        for deliver_more in BEFORE_THE_NIGHT.get(day, ()):
            deliver_more(day)
        load_days(day)
        build_marts()
        [(changed[day],)] = rows("select count(*) from intermediate_next.int_changed_dossier")
        assert rows_apart() == {}, day
        open_gate()

    [(dossiers,)] = rows("select count(*) from marts.fct_dossier")
    assert [day for day, number in changed.items() if not number] == [LAST]  # after the new unit
    assert max(changed.values()) < dossiers


def test_in_a_new_report_period_what_is_unfinished_counts_too(loaded: date) -> None:
    """The days between never come; the night itself changes few dossiers."""
    for night in (NEW_REPORT_PERIOD - timedelta(days=1), NEW_REPORT_PERIOD):
        load_days(night)
        build_marts()
        if night == NEW_REPORT_PERIOD:
            assert rows_apart() == {}
        open_gate()

    [(carried_over, changed)] = rows(
        "select (select sum(carried_over) from intermediate.int_report_sum"
        " where period_start = '2026-11-15'),"
        " (select count(*) from intermediate.int_changed_dossier)"
    )
    assert 0 < carried_over <= changed


def test_after_a_build_that_broke_off_everything_is_made_anew(
    loaded: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(connection: psycopg.Connection) -> None:
        raise ChisoError("hỏng")

    with monkeypatch.context() as breaking:
        breaking.setattr(improvement, "write_plans", breaks)
        with pytest.raises(ChisoError):
            build_marts()
    build_marts()

    assert rows("select count(*) from intermediate_next.int_changed_dossier") == [(0,)]


def busiest(condition: str) -> str:
    """The procedure of most dossiers that fulfil a condition."""
    [(code,)] = rows(
        f"select matthc from raw.dossiers where {condition}"
        " group by matthc order by count(*) desc, matthc limit 1"
    )
    return str(code)


def rows(query: str) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query.encode()).fetchall()


def rows_apart() -> dict[str, int]:
    """Per table the rows in which the next marts and a build of all of them differ."""
    with connect(autocommit=True) as connection:
        [(day, last_load_id)] = connection.execute(
            "select as_of_day, last_load_id from ops.build order by build_id desc limit 1"
        )
        connection.execute(f"drop schema if exists {ANEW} cascade".encode())
        assert run_dbt(["run"], day, last_load_id, rebuild_schema=ANEW).success
        return {
            table: apart
            for schema in ("intermediate_next", "marts_next")
            for table in _tables(connection, schema)
            if (apart := _apart(connection, f"{schema}.{table}", f"{ANEW}.{table}"))
        }


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    # Not views: they are made from these by the same text.
    found = connection.execute("select tablename from pg_tables where schemaname = %s", [schema])
    return sorted({name for (name,) in found} - APART)


def _apart(connection: psycopg.Connection, one: str, other: str) -> int:
    [(number,)] = connection.execute(
        f"select count(*) from ((table {one} except all table {other})"
        f" union all (table {other} except all table {one})) as apart".encode()
    )
    return int(number)
