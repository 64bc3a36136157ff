"""A rotation that is killed at every one of its moments, one after the other."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count

from ..faults import nights
from ..faults.injection import Fault

_FEWEST = 5
"""Moments that any rotation has; fewer would mean that they were not counted."""


def killed_at_every_moment(rotate: Callable[[], None]) -> Iterator[int]:
    """Run a rotation in children, each killed one moment later; ends with one that is not killed.

    The number of the moment, after each kill.
    """
    step = nights.Step("rotate", rotate)
    for moment in count(1):
        code = nights.run(step, Fault("kill", moment))
        if code == 0:
            assert moment > _FEWEST
            return
        assert code == -signal.SIGKILL
        yield moment
