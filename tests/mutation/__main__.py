"""Change every comparison, maximum, target and zero rule of the dbt project, one at a time.

For each it is shown which test notices.

    PYTHONPATH=include python -m tests.mutation

About twenty minutes on two free cores. It ends with a table and the survivors; exit code 1 if one
of them is not listed in equivalent.csv, which says why no result can ever change.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ..compiled import PROJECT, Compiled
from .mutants import Mutant, SeedMutant, marked_copy, seed_mutants
from .warehouses import (
    Warehouse,
    golden_warehouses,
    past_warehouse,
    recomputed_warehouse,
    server_with_the_law,
)

# The worlds of tests/recompute.
EDGES = {
    1: date(2027, 1, 5),
    2: date(2026, 4, 2),
    3: date(2024, 3, 3),
    4: date(2026, 9, 4),
    5: date(2025, 5, 5),
    6: date(2027, 3, 31),
}
EQUIVALENT = Path(__file__).parent / "equivalent.csv"
COMPARISONS = ("golden", "recomputation", "broken")
KILLERS = (*COMPARISONS, "data test", "law test")


@cache
def equivalents() -> dict[tuple[str, str, str], str]:
    """File, text of the line and change of the mutants that cannot be noticed -> why."""
    with EQUIVALENT.open(encoding="utf-8", newline="") as file:
        return {
            (row["file"], row["text"], row["change"]): row["reason"] for row in csv.DictReader(file)
        }


def run() -> int:
    """Try every mutant; returns 1 if one survived that is not equivalent."""
    with TemporaryDirectory() as folder, server_with_the_law(Path(folder) / "home"):
        project = Path(folder) / "project"
        mutants: list[Mutant] = [*marked_copy(PROJECT, project), *seed_mutants(PROJECT)]
        warehouses = list(_warehouses(Compiled(project), Path(folder)))
        for warehouse in warehouses:
            difference = warehouse.differences()
            if difference:
                print(f"Without any mutant, in {warehouse.name}: {difference}")
                return 1
        killers = [
            (mutant, killer or _law_test(mutant, project, Path(folder) / "copy"))
            for mutant, killer in _killers(mutants, warehouses)
        ]
    return _report(killers)


def _warehouses(compiled: Compiled, folder: Path) -> Iterator[Warehouse]:
    yield from golden_warehouses(compiled, folder)
    for seed, last_day in EDGES.items():
        yield recomputed_warehouse(seed, last_day, compiled, folder)
    yield past_warehouse(compiled, folder)


def _killers(
    mutants: Sequence[Mutant], warehouses: Sequence[Warehouse]
) -> Iterator[tuple[Mutant, str]]:
    """What notices each mutant; first asked is what noticed the last ones of the same file."""
    order = defaultdict(lambda: list(warehouses))
    for number, mutant in enumerate(mutants, start=1):
        killer = ""
        for warehouse in order[mutant.place.file]:
            found = warehouse.killer(mutant)
            killer = killer or found
            if found.startswith(COMPARISONS):
                killer = found
                order[mutant.place.file].remove(warehouse)
                order[mutant.place.file].insert(0, warehouse)
                break
        print(f"{number}/{len(mutants)} {_shown(mutant)}: {killer or 'SURVIVED'}", flush=True)
        yield mutant, killer


def _law_test(mutant: Mutant, marked: Path, copy: Path) -> str:
    """What of tests/law notices in a copy of the checkout; asked of what all else let pass."""
    if isinstance(mutant, SeedMutant) or _is_equivalent(mutant):
        return ""
    for part in ("dbt", "expectations", "include", "tests", "pyproject.toml"):
        given = PROJECT.parent / part
        (shutil.copytree if given.is_dir() else shutil.copy)(given, copy / part)
    text = (marked / mutant.place.file).read_text(encoding="utf-8")
    (copy / "dbt" / mutant.place.file).write_text(mutant.applied(text), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/law"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(copy)
    failed = re.search(r"^(?:FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE)
    print(f"    {_shown(mutant)}: {failed[1] if failed else 'no test of the law'}", flush=True)
    return f"law test: {failed[1]}" if failed else ""


def _report(killers: Sequence[tuple[Mutant, str]]) -> int:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    survivors = []
    for mutant, killer in killers:
        outcome = killer.partition(":")[0]
        if not killer:
            outcome = "equivalent" if _is_equivalent(mutant) else "survived"
            survivors += [mutant] if outcome == "survived" else []
        counts[mutant.kind][outcome] += 1
    columns = (*KILLERS, "equivalent", "survived")
    print(f"\n{'':18}{'mutants':>15}" + "".join(f"{column:>15}" for column in columns))
    for kind, row in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        numbers = (row.total(), *(row[column] for column in columns))
        print(f"{kind:18}" + "".join(f"{number:15}" for number in numbers))
    for mutant in survivors:
        print(f"survived: {_shown(mutant)}\n    {mutant.place.text}")
    return 1 if survivors else 0


def _is_equivalent(mutant: Mutant) -> bool:
    return (mutant.place.file, mutant.place.text, mutant.change) in equivalents()


def _shown(mutant: Mutant) -> str:
    return f"{mutant.place.file}:{mutant.place.line} {mutant.change}"


if __name__ == "__main__":
    sys.exit(run())
