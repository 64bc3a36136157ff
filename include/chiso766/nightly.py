"""Nights in the foreground: the DAGs of dags/, run through Airflow and followed to their end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chiso766 import airflow_env, reload, sample_home, server, settings, terminal, warehouse
from chiso766.database import connect
from chiso766.locks import exclusive

if TYPE_CHECKING:
    from rich.console import Console

    from chiso766.airflow_runs import Runner

_LOADING = {"fetch": "nhận tệp", "check": "kiểm tra và nạp"}
_PUBLISHING = {"build": "dựng số liệu", "gate": "mở cổng", "publish": "công bố"}
_NAMES = _LOADING | _PUBLISHING


def airflow_lock() -> Path:
    """Held by who runs DAGs without a scheduler, and while one is started: never both at once."""
    return settings.load().home / "run" / "airflow.lock"


def plan(first: date, last: date, each: bool) -> list[tuple[str, date]]:
    """The steps of a range of export days in their order; marts as of the last, or of each, day."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(step, day) for day in days for step in (_NAMES if each or day == last else _LOADING)]


def run_nights(first: date, last: date, each: bool = False, reason: str | None = None) -> None:
    """Run the export days ``first`` to ``last``; returns only if everything was published.

    ``reason``: why all files of these days shall be loaded again; None: they shall not.
    """
    if reason is not None:
        reason = reload.checked(reason)
    sample_home.refuse_real_exports()
    console = terminal.console()
    server.start()
    warehouse.prepare()
    if reason is not None:
        with connect() as connection:
            reload.refuse_purged(connection, first, last)
    airflow_env.apply()
    log = settings.load().logs / "nightly.log"
    steps = plan(first, last, each)
    with exclusive(airflow_lock(), "Airflow đang được khởi động hoặc đang chạy đêm khác: xin chờ."):
        with terminal.working(console, "Chuẩn bị Airflow…"), terminal.output_into(log):
            from chiso766 import airflow_runs  # it takes seconds, and talks

            dags = airflow_runs.prepare()
            by_scheduler = airflow_runs.has_scheduler()
            if not by_scheduler:
                airflow_runs.end_left_over([day for _, day in steps])
        if not by_scheduler:
            with terminal.output_into(log), airflow_runs.Runner(dags, by_scheduler=False) as runner:
                _run(steps, runner, console, reason)
    if by_scheduler:
        with terminal.output_into(log), airflow_runs.Runner(dags, by_scheduler=True) as runner:
            _run(steps, runner, console, reason)
    for sentence in _not_fetched(first, last):
        console.print(sentence, style="yellow", markup=False)


def _not_fetched(first: date, last: date) -> list[str]:
    """What other machines did not give, though the days were published."""
    with connect() as connection:
        rows = connection.execute(
            "select distinct sentence from ops.fetch_failure where export_day between %s and %s"
            " order by sentence",
            [first, last],
        )
        return [sentence for (sentence,) in rows]


def _run(
    steps: list[tuple[str, date]], runner: Runner, console: Console, reason: str | None
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    is_terminal = console.is_terminal
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not is_terminal
    ) as progress:
        bar = progress.add_task("", total=len(steps))
        for step, day in steps:
            progress.update(bar, description=f"{day} {_NAMES[step]}")
            if not is_terminal:
                console.print(f"{day} {_NAMES[step]}")
            runner.run(step, day, reason)
            progress.advance(bar)
