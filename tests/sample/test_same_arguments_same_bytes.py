"""A sample depends on its arguments alone: not on hashes, the clock or the machine's state."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from datetime import date
from pathlib import Path
from chiso766.sample import write_sample
write_sample(Path(sys.argv[1]), units=3, dossiers=150, days=8, seed=int(sys.argv[2]),
             last_day=date(2026, 11, 30), dirt=0.1)
"""


def fingerprint(directory: Path, seed: int, hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(directory), str(seed)], env=environment, check=True
    )
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(directory)).encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fingerprint(tmp_path_factory.mktemp("first"), seed=1, hash_seed="1")


def test_two_runs_with_different_hashing_write_the_same_bytes(first: str, tmp_path: Path) -> None:
    assert fingerprint(tmp_path, seed=1, hash_seed="2") == first


def test_another_seed_writes_another_sample(first: str, tmp_path: Path) -> None:
    assert fingerprint(tmp_path, seed=2, hash_seed="1") != first
