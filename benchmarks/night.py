"""What a history and a night take: ``python -m benchmarks.night --size ward --folder FOLDER``.

The first run writes the exports of a year into FOLDER and loads them; later ones find both there.
Then the marts are built from raw as if never before, by our step and by plain dbt, and nights of
changed dossiers follow, each from its files to the published page: the five steps in one process
without Airflow, and ``./chiso nightly``, with a scheduler (``--scheduler``) or without one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from benchmarks import nation
from benchmarks.measure import (
    Peaks,
    folder_size,
    in_own_process,
    machine,
    medians,
    megabytes,
    table,
    timed,
)
from psycopg.rows import dict_row

from chiso766 import airflow_env, database, server, settings, system, terminal, warehouse
from chiso766.build import build_marts, run_dbt
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.publish import publish_reports
from chiso766.sample import generate, write_sample
from chiso766.sources import SOURCES

Seconds = dict[str, float]

LAST_DAY = date(2026, 11, 20)
NIGHTS = 7  # of the history; all before them is in the first night's full exports
SEED = 1
EVERY_LOAD = 2**62
STEPS = ("fetch", "check", "build", "gate", "publish")


@dataclass(frozen=True)
class Size:
    """A history: ``units`` with about so many ``dossiers`` in ``days``, as one of ``provinces``
    that have ``all_dossiers`` together; ``changed``: the dossiers of a night, half of them new."""

    units: int
    dossiers: int
    days: int
    changed: int
    provinces: int = 1
    all_dossiers: int = 0


SIZES = {
    "trial": Size(5, 2_000, 40, changed=100, provinces=3, all_dossiers=4_000),
    "ward": Size(1, 25_000, 365, changed=126),
    "city": Size(115, 1_000_000, 365, changed=5_000),
    "nation": Size(115, 1_000_000, 365, changed=5_000, provinces=34, all_dossiers=20_000_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="ward")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=("builds", "nights"), help="nights need builds once")
    parser.add_argument("--scheduler", action="store_true", help="also a night by Airflow's own")
    arguments = parser.parse_args()
    size, folder = SIZES[arguments.size], arguments.folder.resolve()
    os.environ |= {"CHISO_HOME": f"{folder}/home", "CHISO_EXPORTS": f"{folder}/exports"}
    server.start()
    try:
        set_up(size)
        print(machine())
        if arguments.only != "nights":
            print(full_builds(arguments.runs))
        if arguments.only != "builds":
            print(nights(size, arguments.runs, arguments.scheduler))
        print(disk(folder))
    finally:
        server.stop()


# The history


def set_up(size: Size) -> None:
    """Write, load and multiply what is not there yet."""
    exports = settings.load().exports
    if not exports.exists():
        _say("writing exports")
        draft = exports.with_name("exports.draft")
        # What was before the nights comes whole in the first, as where an installation begins.
        generate.HISTORY_DAYS = size.days - NIGHTS
        write_sample(
            draft,
            units=size.units,
            dossiers=round(size.dossiers * NIGHTS / size.days),
            days=NIGHTS,
            seed=SEED,
            last_day=LAST_DAY,
        )
        draft.rename(exports)
    warehouse.prepare()
    if _newest_day() is None:
        _say("loading")
        with Peaks() as peaks:
            seconds = in_own_process(load_history)
        print(loaded(seconds, peaks))
    if size.provinces > 1:
        _say("multiplying")
        nation.multiply(size.provinces, size.all_dossiers / size.dossiers)
    in_own_process(prepare_airflow)


def prepare_airflow() -> None:
    """Make Airflow's tables, which the first night of an installation would otherwise do."""
    airflow_env.apply()
    with terminal.output_into(settings.load().logs / "nightly.log"):
        from chiso766 import airflow_runs  # after its settings, and it talks

        airflow_runs.prepare()


def load_history() -> Seconds:
    """Fetch and check every day of the exports, as ``./chiso nightly`` does for a range."""
    seconds = dict.fromkeys(("fetch", "check"), 0.0)
    for day in sorted(date.fromisoformat(path.name) for path in settings.load().exports.iterdir()):
        seconds["fetch"] += timed(fetch_day, day)
        seconds["check"] += timed(check_day, day)
    return seconds


def loaded(seconds: Seconds, peaks: Peaks) -> str:
    with database.connect() as connection:
        [(files, rows)] = connection.execute(
            "select count(*), sum(rows_read) from ops.load"
        ).fetchall()
    total = sum(seconds.values())
    return table(
        ("loading the history", "files", "rows", "fetch s", "check s", "rows/s", *_MEMORY),
        [
            (
                "every day",
                files,
                rows,
                f"{seconds['fetch']:.0f}",
                f"{seconds['check']:.0f}",
                f"{float(rows) / total:,.0f}",
                *_memory(peaks),
            )
        ],
    )


# From raw


def full_builds(runs: int) -> str:
    """Our build step and plain ``dbt build``, each with no earlier build to start from."""
    ways: dict[str, Callable[[], None]] = {"plain dbt build": plain_dbt, "step build": build_marts}
    rows = []
    for way, build in ways.items():
        seconds = []
        with Peaks() as peaks:
            for _ in range(runs):
                _say(f"full build: {way}")
                forget_builds()
                seconds.append(timed(in_own_process, build))
        rows.append((way, f"{median(seconds):.1f}", *_memory(peaks)))
    open_gate()
    # A build starts from the marts before the published ones: those of this day, too, as every day.
    in_own_process(build_marts)
    open_gate()
    return table(("full build from raw", "s", *_MEMORY), rows)


def forget_builds() -> None:
    """Leave nothing that the next build could start from; what is published stays."""
    with database.connect() as connection:
        connection.execute("drop schema if exists intermediate_next, marts_next cascade")
        connection.execute("comment on schema ops is null")
    warehouse.prepare()


def plain_dbt() -> None:
    day = _newest_day()
    assert day is not None
    if not run_dbt(["build"], day, EVERY_LOAD).success:
        raise RuntimeError(f"dbt build failed: {settings.load().logs / 'dbt.log'}")


# A night


def nights(size: Size, runs: int, by_scheduler: bool) -> str:
    """The steps and the whole of a night, in seconds: medians without Airflow, one with it."""
    rows = []
    with Peaks() as peaks:
        measured = [night_in_one_process(_next_night(size)) for _ in range(runs)]
    rows.append(("without Airflow", *_night(medians(measured)), *_memory(peaks)))
    with Peaks() as peaks:
        seconds = night_by_airflow(_next_night(size))
    rows.append(("./chiso nightly", *_night(seconds), *_memory(peaks)))
    if by_scheduler:
        with _scheduler():
            seconds = night_by_airflow(_next_night(size))
        rows.append(("./chiso nightly, scheduler running", *_night(seconds), "", "", ""))
    changed = f"night of {size.changed} changed dossiers, s"
    return table((changed, *STEPS, "processes, Airflow", "all", *_MEMORY), rows)


def _next_night(size: Size) -> date:
    """Write the exports of the night after the newest one; returns its day."""
    newest = _newest_day()
    assert newest is not None
    day = newest + timedelta(days=1)
    _say(f"night of {day}")
    write_night(day, size.changed)
    return day


def write_night(day: date, changed: int) -> None:
    """Write a file of dossiers per unit of the measured province: half new, half just finished."""
    folder = settings.load().exports / day.isoformat() / "dossiers"
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was broken off
    folder.mkdir(parents=True)
    for row in [*_new(day, changed // 2), *_finished(day, changed // 2)]:
        with open(folder / f"hoso_{_unit(row)}.jsonl", "ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")


def _new(day: date, number: int) -> Iterator[dict[str, Any]]:
    """Dossiers like the newest ones of before, handed in that morning."""
    times = {"NgayNopHoSo": f"{day:%Y%m%d}083000", "NgayTiepNhan": f"{day:%Y%m%d}090000"}
    times["NgayHenTra"] = f"{day + timedelta(days=10):%Y%m%d}170000"
    fresh = dict.fromkeys(
        ("NgayKetThucXuLy", "NgayTra", "NgayTuChoi", "DanhSachGiayToKetQua", "DanhSachHoSoBoSung")
    )
    like = _rows("received_at >= %(since)s", day, number)
    for place, row in enumerate(like):
        code = f"{_unit(row)}-{day:%y%m%d}-{place:06}"
        yield row | times | fresh | {"MaHoSo": code, "TrangThaiHoSo": 2}


def _finished(day: date, number: int) -> Iterator[dict[str, Any]]:
    finished = {"NgayKetThucXuLy": f"{day:%Y%m%d}160000", "TrangThaiHoSo": 9}
    for row in _rows("state in ('open_in_time', 'open_overdue')", day, number):
        yield row | finished


def _unit(row: dict[str, Any]) -> str:
    return str(row["MaHoSo"]).rsplit("-", 2)[0]


def _rows(condition: str, day: date, number: int) -> list[dict[str, Any]]:
    """The newest versions of some dossiers of the measured province, with the export's fields."""
    query = f"""
        select distinct on (row_key) * from raw.dossiers
        where row_key = any(array(
            select dossier_code from marts.fct_dossier
            inner join marts.dim_unit using (unit_code)
            where parent_unit_code = '{nation.MEASURED}' and {condition}
            order by md5(dossier_code) limit %(number)s
        ))
        order by row_key, export_day desc, file_name desc, load_id desc, line desc"""
    given = {"since": day - timedelta(days=30), "number": number}
    with database.connect() as connection:
        rows = connection.cursor(row_factory=dict_row).execute(query.encode(), given).fetchall()
    return [{field: row[field.lower()] for field in SOURCES["dossiers"].fields} for row in rows]


def night_in_one_process(day: date) -> Seconds:
    started = time.monotonic()
    seconds = in_own_process(run_steps, day)
    return seconds | {"all": time.monotonic() - started}


def run_steps(day: date) -> Seconds:
    return {
        "fetch": timed(fetch_day, day),
        "check": timed(check_day, day),
        "build": timed(build_marts),
        "gate": timed(open_gate),
        "publish": timed(publish_reports),
    }


def night_by_airflow(day: date) -> Seconds:
    """The steps as Airflow noted them, and the time of the command."""
    all_seconds = timed(chiso, "nightly", day.isoformat())
    with database.open_url(database.airflow_url()) as connection:
        seconds = connection.execute(
            "select dag_id, extract(epoch from task.end_date - task.start_date)::float"
            " from task_instance as task join dag_run as run using (dag_id, run_id)"
            " where run.partition_key = %s",
            [day.isoformat()],
        ).fetchall()
    return dict(seconds) | {"all": all_seconds}


def chiso(*arguments: str) -> None:
    """Run a command of ./chiso, which is already installed."""
    command = [sys.executable, "-P", "-m", "chiso766", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _scheduler() -> Iterator[None]:
    system.up()
    try:
        yield
    finally:
        system.down()
        server.start()


def _night(seconds: Seconds) -> Iterator[str]:
    steps = [seconds[step] for step in STEPS]
    return (f"{one:.1f}" for one in (*steps, seconds["all"] - sum(steps), seconds["all"]))


# Memory, disk, time

_MEMORY = ("Python, MB", "backend, MB", "its helper, MB")


def _memory(peaks: Peaks) -> Iterator[str]:
    return map(megabytes, (peaks.process, peaks.backend, peaks.helper))


def disk(folder: Path) -> str:
    """Sizes in MB: of the tables with their indexes by schema, of the landing area and exports."""
    with database.connect() as connection:
        sizes = connection.execute(
            "select nspname, sum(pg_total_relation_size(class.oid))::float"
            " from pg_class as class join pg_namespace as space on space.oid = relnamespace"
            " where relkind = 'r' and nspname !~ '^(pg_|information)'"
            " group by nspname order by 2 desc"
        ).fetchall()
    shown = [(name, megabytes(size)) for name, size in sizes if size >= 2**20]
    shown += [(name, megabytes(folder_size(folder / name))) for name in ("home/landing", "exports")]
    return table(("disk", "MB"), shown)


def _newest_day() -> date | None:
    with database.connect() as connection:
        [(day,)] = connection.execute("select max(export_day) from ops.night").fetchall()
    return day  # type: ignore[no-any-return]


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
