"""Small disks, mounted where something is written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """A folder is a disk while the body runs; where none may be mounted, the test is skipped."""
    with disk_where_allowed(place, size) as is_disk:
        if not is_disk:
            pytest.skip("only root may mount a disk, and not on every machine")
        yield


@contextmanager
def disk_where_allowed(place: Path, size: str) -> Iterator[bool]:
    is_disk = os.geteuid() == 0 and mount(f"size={size},mode=700", place) == 0
    try:
        yield is_disk
    finally:
        if is_disk:
            subprocess.run(["umount", place], check=True)


def mount(options: str, place: Path) -> int:
    """The exit code of ``mount``."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


@contextmanager
def full(place: Path) -> Iterator[None]:
    """The disk of a folder is full while the body runs."""
    filler = place / "filler"
    try:
        with open(filler, "wb") as file:
            free = os.statvfs(place)
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize)
        yield
    finally:
        filler.unlink()
