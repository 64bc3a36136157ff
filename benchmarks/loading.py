"""Loading against its limit and against the usual script: ``python -m benchmarks.loading``.

The same CSV and JSONL file of sample dossiers, three ways, run by run in turns:
``\\copy`` by psql into an unlogged table of texts (of JSONL one text a line), the limit;
our load, from the drop folder to accepted versions in raw: landing, checks, accounting;
a script of pandas: ``read_csv``, ``to_sql``, Great Expectations on the frame, and a group-by.
Times are those of the work: neither the start of a Python nor its imports are in them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import (
    Peaks,
    in_own_process,
    machine,
    megabytes,
    postgres_program,
    table,
    timed,
)

from chiso766 import server, suites, warehouse
from chiso766.check import check_day
from chiso766.database import connect, warehouse_url
from chiso766.fetch import fetch_day
from chiso766.sample import write_sample
from chiso766.sample.layouts import Layout
from chiso766.sample.write import TextFile

DAY = date(2026, 11, 20)
FORMATS = ("csv", "jsonl")
# In the sample's first night the home ward gives all of the 62 days before it.
_ROWS_PER_DOSSIER_OF_A_DAY = 30
_TIMES = ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "NgayTuChoi")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=Path, help="keep the files here and use them again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CHISO_HOME": f"{folder}/home", "CHISO_EXPORTS": f"{folder}/exports"}
        files = sample_files(arguments.files or Path(folder) / "files", arguments.rows)
        server.start()
        try:
            warehouse.prepare()
            print(machine())
            titles = ("file, way", "MB", "s", "rows/s", r"of \copy", *_MEMORY)
            rows = [row for file in files for row in compare(file, arguments.rows, arguments.runs)]
            print(table(titles, rows))
        finally:
            server.stop()


_MEMORY = ("process, MB", "backend, MB")


def sample_files(folder: Path, rows: int) -> list[Path]:
    """A CSV and a JSONL of the same dossiers, written if they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"hoso_{rows}.{name}" for name in FORMATS]
    if not all(file.exists() for file in files):
        for file in files:
            with TextFile(file, Layout("dossiers", "hoso", file.suffix)) as written:
                for row in _sample_rows(rows):
                    written.write(row)
    return files


def _sample_rows(rows: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder) / "exports"
        dossiers = rows // _ROWS_PER_DOSSIER_OF_A_DAY + 10
        write_sample(exports, units=1, dossiers=dossiers, days=1, seed=1, last_day=DAY)
        [dump] = exports.glob("*/dossiers/hoso_motcua_*.jsonl.gz")
        with gzip.open(dump) as lines:
            yield from (json.loads(line) for line in itertools.islice(lines, rows))


def compare(file: Path, rows: int, runs: int) -> list[tuple[str, ...]]:
    """A row of the table per way."""
    ways: dict[str, Callable[[Path], float]] = {
        r"\copy": copy,
        "chiso766": load,
        "pandas script": pandas_script,
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    peaks = {way: Peaks() for way in ways}
    for way in list(ways) * runs:
        with peaks[way]:
            seconds[way].append(ways[way](file))
    limit = median(seconds[r"\copy"])
    return [
        (
            f"{file.suffix}, {way}",
            megabytes(file.stat().st_size),
            f"{median(seconds[way]):.1f}",
            f"{rows / median(seconds[way]):,.0f}",
            f"{limit / median(seconds[way]):.0%}",
            megabytes(peaks[way].process),
            megabytes(peaks[way].backend),
        )
        for way in ways
    ]


def copy(file: Path) -> float:
    names = _header(file) if file.suffix == ".csv" else ["line"]
    form = (
        "format csv, header"
        if file.suffix == ".csv"
        else r"format csv, quote e'\x01', delimiter e'\x02'"
    )
    with connect() as connection:
        texts = ", ".join(f'"{name}" text' for name in names)
        connection.execute("drop table if exists load.copied")
        connection.execute(f"create unlogged table load.copied ({texts})".encode())
    command = rf"\copy load.copied from '{file}' with ({form})"
    psql = [postgres_program("psql"), "--quiet", "--dbname", warehouse_url(), "--command", command]
    return timed(subprocess.run, psql, check=True)


def _header(file: Path) -> list[str]:
    with open(file, encoding="utf-8", newline="") as lines:
        return next(csv.reader(lines))


def load(file: Path) -> float:
    with connect() as connection:
        connection.execute("truncate ops.night, ops.file, ops.load, ops.sighting cascade")
    folder = Path(os.environ["CHISO_EXPORTS"]) / DAY.isoformat() / "dossiers"
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.iterdir():
        other.unlink()
    os.link(file, folder / file.name)
    return in_own_process(_load)


def _load() -> float:
    suites.suite("dossiers")  # imports Great Expectations
    return timed(fetch_day, DAY) + timed(check_day, DAY)


def pandas_script(file: Path) -> float:
    return in_own_process(_pandas_script, file)


def _pandas_script(file: Path) -> float:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd
    import sqlalchemy

    url = warehouse_url().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sqlalchemy.create_engine(url)

    def script() -> None:
        if file.suffix == ".csv":
            frame = pd.read_csv(file, dtype=str)
        else:
            frame = pd.read_json(file, lines=True, dtype=False)
            frame = frame.map(lambda cell: json.dumps(cell) if isinstance(cell, list) else cell)
            frame = frame.replace("", None)
        frame.to_sql("pandas", engine, schema="load", if_exists="replace", index=False)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        batch = context.data_sources.pandas_default.read_dataframe(frame)
        if not batch.validate(_expectations(gx)).success:
            raise RuntimeError("the sample is expected to be clean")
        unit = frame["MaHoSo"].str.rsplit("-", n=2).str[0]
        in_time = frame["NgayKetThucXuLy"] <= frame["NgayHenTra"]
        in_time.groupby([unit, frame["NgayTiepNhan"].str[:6]]).mean()

    return timed(script)


def _expectations(gx: Any) -> Any:
    """What a script would check of dossiers; the suite of the project checks a little more."""
    of = gx.expectations
    times = [of.ExpectColumnValuesToMatchRegex(column=each, regex="^[0-9]{14}$") for each in _TIMES]
    required = [
        of.ExpectColumnValuesToNotBeNull(column=each)
        for each in ("MaHoSo", "MaTTHC", "TrangThaiHoSo")
    ]
    listed = [
        of.ExpectColumnValuesToBeInSet(column="TrangThaiHoSo", value_set=[*map(str, range(1, 11))]),
        of.ExpectColumnValuesToBeInSet(column="KenhThucHien", value_set=["1", "2", "3"]),
        of.ExpectColumnValuesToBeInSet(column="HinhThuc", value_set=["0", "1"]),
    ]
    key = [
        of.ExpectColumnValuesToBeUnique(column="MaHoSo"),
        of.ExpectColumnValuesToMatchRegex(column="MaHoSo", regex="^.+-[0-9]{6}-[0-9]+$"),
    ]
    return gx.ExpectationSuite(name="dossiers", expectations=[*required, *key, *listed, *times])


if __name__ == "__main__":
    main()
