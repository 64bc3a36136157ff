"""Chance, reproducible: one stream of random numbers per thing that is decided.

A stream is named after its thing, so that deciding one thing more does not shuffle all others.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import exp
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, *names: object) -> Random:
    """The random numbers of one thing; the same for the same seed and names on every machine."""
    return Random("/".join(map(str, (seed, *names))))  # text is hashed by SHA-512, not by hash()


def below(end: int, random: Random) -> int:
    """A whole number from 0 to below ``end``: a fast ``randrange``."""
    return int(random.random() * end)


def within(start: int, end: int, random: Random) -> int:
    """A whole number from ``start`` to below ``end``."""
    return start + int(random.random() * (end - start))


def poisson(mean: float, random: Random) -> int:
    """How many happen when ``mean`` are expected."""
    number, left = 0, random.random()
    while left > exp(-mean):
        left *= random.random()
        number += 1
    return number


class Weighted(Generic[T]):
    """Picks things in proportion to their weights."""

    def __init__(self, things: Sequence[T], weights: Iterable[float]) -> None:
        self._things = things
        self._sums = list(accumulate(weights))
        self._total = self._sums.pop()  # beyond the other sums lies the last thing

    def pick(self, random: Random) -> T:
        return self._things[bisect(self._sums, random.random() * self._total)]


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Split ``total`` into whole parts in proportion to the weights; the parts sum to ``total``."""
    sums = list(accumulate(weights))
    bounds = [0] + [round(total * part / sums[-1]) for part in sums]
    return [upper - lower for lower, upper in pairwise(bounds)]
