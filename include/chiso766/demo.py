"""./chiso demo: the whole way on a month of sample exports of one ward."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chiso766 import (
    database,
    nightly,
    plan,
    publish,
    sample_home,
    scorecard,
    server,
    settings,
    system,
    terminal,
    warehouse,
)
from chiso766.errors import ChisoError
from chiso766.sample import Written, write_sample

DAYS, DOSSIERS, SEED = 30, 2000, 766
DIRT = 0.005  # some broken rows, so that what is set aside can be seen as well


def run(last_day: date) -> None:
    """Write the sample, run its nights, print scorecard, place and best steps, say where all is.

    What is already there is not done again.
    """
    _keep_apart()
    server.start()
    warehouse.prepare()
    _refuse_real_data()
    exports = settings.load().exports
    if not exports.exists():
        _write_exports(exports, last_day)
    if _published_day() != last_day:
        # The night before is published by itself, so that the page can say what changed since.
        night_before = last_day - timedelta(days=1)
        nightly.run_nights(last_day - timedelta(days=DAYS - 1), night_before)
        nightly.run_nights(last_day, last_day)
    scorecard.run(None, None, "portal-2026", as_json=False)
    with database.connect() as connection:
        current = settings.load()
        plan.print_best_steps(plan.read(connection, current.unit, None, current.target_rank))
    print(f"Trang báo cáo:       {publish.page_path()}")
    print(f"Kho dữ liệu:         {system.database_hint()}")
    print('                     hoặc ./chiso sql "select * from marts.data_status"')
    print("Giao diện Airflow:   ./chiso up; dừng tất cả: ./chiso down")


def write_sample_with_progress(
    directory: Path,
    *,
    units: int,
    dossiers: int,
    days: int,
    seed: int,
    dirt: float,
    last_day: date,
) -> Written:
    """``write_sample`` for the home unit, with a progress bar and a sentence at the end."""
    console = terminal.console()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console.print(f"Viết tệp xuất mẫu {days} ngày vào {directory}")
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("Viết tệp xuất mẫu", total=days)
        written = write_sample(
            directory,
            units=units,
            dossiers=dossiers,
            days=days,
            seed=seed,
            dirt=dirt,
            last_day=last_day,
            home_unit=settings.load().unit,
            on_night=lambda day, rows: progress.advance(bar),
        )
    console.print(
        f"Đã viết {written.files} tệp, {written.rows} dòng, {written.dossiers} hồ sơ tiếp nhận."
    )
    return written


def _keep_apart() -> None:
    """The demo lives in the embedded server and its own drop folder, whatever else is set."""
    home = settings.load().home
    if settings.load().database_url is not None:
        raise ChisoError(
            "./chiso demo dùng PostgreSQL nhúng: hãy bỏ CHISO_DATABASE_URL rồi chạy lại."
        )
    os.environ["CHISO_EXPORTS"] = str(sample_home.exports(home))


def _refuse_real_data() -> None:
    home = settings.load().home
    with database.connect() as connection:
        has_nights = connection.execute("select from ops.night limit 1").fetchone() is not None
    if not sample_home.marker(home).exists():
        if has_nights or sample_home.exports(home).exists():
            raise ChisoError(
                f"{home} đã có dữ liệu thật: hãy chạy CHISO_HOME={home}/demo ./chiso demo để dữ"
                " liệu mẫu không lẫn vào."
            )
        sample_home.marker(home).touch()


def _write_exports(exports: Path, last_day: date) -> None:
    draft = exports.with_name("exports.draft")
    shutil.rmtree(draft, ignore_errors=True)
    write_sample_with_progress(
        draft,
        units=1,
        dossiers=DOSSIERS,
        days=DAYS,
        seed=SEED,
        dirt=DIRT,
        last_day=last_day,
    )
    draft.rename(exports)


def _published_day() -> date | None:
    """The day of the newest build, if that is what people read."""
    with database.connect() as connection:
        row = connection.execute(
            "select as_of_day, state from ops.build order by build_id desc limit 1"
        ).fetchone()
    return row[0] if row and row[1] == "published" else None
