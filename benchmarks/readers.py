"""What the page and BI wait for: ``python -m benchmarks.readers --folder FOLDER``.

On the published marts of ``benchmarks.night``: one client alone, then 20 at once, each a process
that asks at random for units, periods and queries, one after the other; without a pause they load
the machine in full, with ``--pause 1`` they are 20 people who read a second between two clicks.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import LiteralString

import psycopg
from benchmarks.measure import machine, table

from chiso766 import period as periods
from chiso766 import server
from chiso766.database import connect
from chiso766.period import Period
from chiso766.scorecard import newest_day, read

Times = dict[str, list[float]]

GOAL_MS = 50
PROFILE = "portal-2026"
_OF_PERIOD = "period_type = %(period_type)s and period_start = %(period_start)s"
_OF_UNIT = "unit_code = %(unit)s"
SCORECARD = "scorecard of a unit"
QUERIES: dict[str, LiteralString] = {
    "an indicator by procedure": f"""
        select procedure_code, numerator, denominator, ratio
        from marts.fct_indicator_by_procedure
        where profile = '{PROFILE}' and {_OF_UNIT} and {_OF_PERIOD}
            and indicator_code = %(indicator)s
        order by denominator desc
    """,
    "a unit's 20 most urgent dossiers": f"""
        select * from marts.dossier_worklist where {_OF_UNIT} order by place limit 20
    """,
    "ranking": f"select * from marts.unit_ranking where {_OF_PERIOD} order by rank",
    "evidence, the 100 dearest things": f"""
        select * from marts.indicator_evidence
        where {_OF_UNIT} and {_OF_PERIOD} and indicator_code = %(indicator)s
        order by points_lost desc limit 100
    """,
    "dossiers of a unit by state": f"""
        select state, count(*) from marts.fct_dossier where {_OF_UNIT} group by state
    """,
    "data_status of a day": "select * from marts.data_status where export_day = %(day)s",
    "trend of an indicator": f"""
        select as_of_day, ratio, score from marts.fct_indicator_daily
        where profile = '{PROFILE}' and {_OF_UNIT} and {_OF_PERIOD}
            and indicator_code = %(indicator)s
        order by as_of_day
    """,
}
INDICATORS = ("2.1", "3.3", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5b", "5.4")


@dataclass(frozen=True)
class World:
    """What may be asked for."""

    day: date
    units: list[str]
    periods: list[Period]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="that of benchmarks.night")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=0, help="seconds between two queries")
    arguments = parser.parse_args()
    os.environ["CHISO_HOME"] = f"{arguments.folder.resolve()}/home"
    server.start()
    try:
        world = look_around()
        alone = ask(world, 1, arguments.seconds, pause=0)
        together = ask(world, arguments.clients, arguments.seconds, arguments.pause)
        print(machine())
        print(answer_times(alone, together, arguments.clients))
    finally:
        server.stop()


def look_around() -> World:
    """The units with dossiers of their own, and the current periods."""
    with connect() as connection:
        day = newest_day(connection)
        units = connection.execute("select distinct unit_code from marts.fct_dossier").fetchall()
    return World(day, sorted(code for (code,) in units), periods.current(day))


def ask(world: World, clients: int, seconds: float, pause: float) -> Times:
    """The milliseconds of every answer, by query, of so many clients at once."""
    end = time.time() + seconds
    times: Times = defaultdict(list)
    with ProcessPoolExecutor(clients) as processes:
        asking = [processes.submit(client, seed, world, end, pause) for seed in range(clients)]
        for of_client in [each.result() for each in asking]:
            for query, each in of_client.items():
                times[query] += each
    return times


def client(seed: int, world: World, end: float, pause: float) -> Times:
    chance = random.Random(seed)
    choice = chance.choice
    times: Times = defaultdict(list)
    with connect() as connection:
        while time.time() < end:
            time.sleep(chance.uniform(0, 2 * pause))
            query = choice([SCORECARD, *QUERIES])
            period = choice(world.periods)
            started = time.perf_counter()
            if query == SCORECARD:
                read(connection, choice(world.units), period, PROFILE)
            else:
                _select(
                    connection, query, world.day, choice(world.units), period, choice(INDICATORS)
                )
            connection.commit()
            times[query].append(1000 * (time.perf_counter() - started))
    return times


def _select(
    connection: psycopg.Connection,
    query: str,
    day: date,
    unit: str,
    period: Period,
    indicator: str,
) -> None:
    given = {
        "day": day,
        "unit": unit,
        "period_type": period.type,
        "period_start": period.start,
        "indicator": indicator,
    }
    connection.execute(QUERIES[query], given).fetchall()


def answer_times(alone: Times, together: Times, clients: int) -> str:
    """Percentiles in ms; the last column says by how much p95 misses the goal."""
    rows = []
    for query, times in sorted(together.items()):
        percent = quantiles(times, n=100)
        p50, p95, p99 = percent[49], percent[94], percent[98]
        missed = f"{p95 - GOAL_MS:+.0f}" if p95 > GOAL_MS else ""
        shown = (f"{each:.1f}" for each in (p50, p95, p99))
        rows.append((query, f"{median(alone[query]):.1f}", len(times), *shown, missed))
    titles = ("query, ms", "alone, p50", f"answers to {clients}", "p50", "p95", "p99")
    return table((*titles, f"p95 over {GOAL_MS} ms by"), rows)


if __name__ == "__main__":
    main()
