"""Whatever a file holds, it is read or refused, and none of its rows is lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ..deliveries import GOOD, deliver, load_days, loads, select
from .attempt import attempt
from .corpus import WRITERS
from .mutate import spoil_values

_SEEDS_OF_A_TEST = 300


@pytest.mark.parametrize("first", range(0, 1500, _SEEDS_OF_A_TEST))
def test_a_spoilt_file_is_read_or_refused(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + _SEEDS_OF_A_TEST):
        try:
            attempt(seed, tmp_path)
        except Exception as error:
            error.add_note(f"python -m tests.fuzz --only {seed}")
            raise


@pytest.mark.usefixtures("empty_warehouse")
def test_every_row_is_taken_or_set_aside_whatever_its_values_are() -> None:
    random = Random(766)
    written = {}
    for source, good in GOOD.items():
        for number, (ending, write) in enumerate(WRITERS.values()):
            rows = spoil_values(random, [dict(good) for _ in range(5)])
            written[source, f"{number}{ending}"] = len(rows)
            deliver(source, f"{number}{ending}", write(rows))

    load_days()

    assert {(load["source"], load["file_name"]): load["rows_read"] for load in loads()} == written
    for load in loads():
        [aside] = select(
            "select count(*) as rows from set_aside.row where load_id = %s", load["load_id"]
        )
        assert load["rows_set_aside"] == aside["rows"]
        assert load["rows_accepted"] == load["rows_read"] - aside["rows"]
