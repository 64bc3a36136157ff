"""A module here loads its cases in one go, then asks about each; or every test starts empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..deliveries import empty_warehouse

__all__ = ["empty_warehouse"]


@pytest.fixture(scope="module")
def world(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty warehouse for the cases of a module, in a home of its own; the value is the home."""
    home = tmp_path_factory.mktemp("world") / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        yield home
