"""A clean and a dirty sample of the same world."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso766.sample import Written, write_sample

from .exports_read import DAYS, DOSSIERS, LAST_DAY, SEED, UNITS, Sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("sample")
    return Sample(directory, _write(directory, dirt=0.0))


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("dirty")
    return Sample(directory, _write(directory, dirt=0.05))


def _write(directory: Path, dirt: float) -> Written:
    return write_sample(
        directory,
        units=UNITS,
        dossiers=DOSSIERS,
        days=DAYS,
        seed=SEED,
        last_day=LAST_DAY,
        dirt=dirt,
    )
