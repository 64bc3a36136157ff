"""The least work that raises a score by what is needed: an integer program, checked exactly."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from chiso766 import points
from chiso766.points import CENTS, FACTOR_OF, HALF, Indicators

Vector = NDArray[np.float64]
# A row of a program, and what its product with the variables does not exceed.
Row = tuple[Vector, float]

# Nodes, unlike seconds, are the same on every machine.
_MOST_NODES = 200_000
_INFEASIBLE = 2
# The solver keeps its rows to a millionth; rows are scaled so that their least step is this.
_SEEN = Fraction(1, 10_000)


class Unsolved(Exception):
    """The solver found no answer; the text is its own."""


@dataclass(frozen=True)
class Work:
    """A class of possible work: a unit of it raises the numerator of each of ``effects`` by one.

    ``things``: how many units can be done. No work raises 3.3 itself.
    """

    action: str
    variant: str
    effects: tuple[str, ...]
    things: int


def done(indicators: Indicators, work: Sequence[Work], units: Sequence[int]) -> Indicators:
    """The indicators after so many units of each class of work."""
    added: dict[str, int] = defaultdict(int)
    for one, number in zip(work, units, strict=True):
        for code in indicators.keys() & one.effects:
            added[code] += number
    return {**indicators, **{code: indicators[code].raised(by) for code, by in added.items()}}


def cheapest(indicators: Indicators, work: Sequence[Work], needed: int) -> list[int]:
    """Units of each class that gain ``needed`` cents with least work, and of that gain most.

    Where no work gains so much: the least work that gains most. ``Unsolved`` where the solver
    gives up.
    """
    nothing = [0] * len(work)
    if needed <= 0 or not work or not indicators:
        return nothing
    program = _Program(indicators, work)
    most: list[int] | None = None
    required = needed
    while (found := program.least(required)) is None or program.gain(found) < needed:
        if found is not None:
            # What the solver, which rounds, takes for enough might lack a cent.
            required += needed - program.gain(found)
        elif most is not None:
            return most
        else:
            most = program.most()
            required = needed = min(needed, program.gain(most))
            if needed <= 0:
                return nothing
    return found


class _Program:
    """Variables: units of each class of work, then cents gained by each indicator."""

    def __init__(self, indicators: Indicators, work: Sequence[Work]) -> None:
        self._indicators = indicators
        self._work = work
        self._before = points.scores(indicators)
        self._units = np.array([1.0] * len(work) + [0.0] * len(indicators))
        self._cents = 1 - self._units
        most = [one.things for one in work]
        most += [int(CENTS * one.max_score) - self._before[c] for c, one in indicators.items()]
        self._bounds = Bounds(0, np.array(most, dtype=np.float64))
        self._rows = [*self._rooms(), *self._gains(), *self._files_after_results()]

    def gain(self, units: Sequence[int]) -> int:
        """What so much work gains, in cents, exactly."""
        after = done(self._indicators, self._work, units)
        return points.gained(self._indicators, after)

    def most(self) -> list[int]:
        """Work that gains the most, though not the least such work."""
        found = self._solve(-self._cents)
        if found is None:
            raise Unsolved("no work is no solution")
        return found

    def least(self, required: int) -> list[int] | None:
        """The least work that gains ``required`` cents, and of that what gains most."""
        enough = (-self._cents, -required)
        least = self._solve(self._units, enough)
        if least is None:
            return None
        try:
            return self._solve(-self._cents, enough, (self._units, sum(least)))
        except Unsolved:  # which of the cheapest gains most is hard to tell; it is cheapest
            return least

    def _solve(self, cost: Vector, *more: Row) -> list[int] | None:
        rows, limits = zip(*self._rows, *more, strict=True)
        # Sparse and as one: of others SciPy makes warnings errors for a moment, in all threads.
        constraint = LinearConstraint(csr_array(np.array(rows)), ub=np.array(limits))
        result = milp(
            cost,
            integrality=np.ones_like(cost),
            bounds=self._bounds,
            constraints=constraint,
            options={"mip_rel_gap": 0, "node_limit": _MOST_NODES},
        )
        if result.status == _INFEASIBLE:
            return None
        if not result.success:
            raise Unsolved(result.message)
        return [round(units) for units in result.x[: len(self._work)]]

    def _rooms(self) -> list[Row]:
        """No numerator exceeds its denominator."""
        return [(self._raising(code), one.room) for code, one in self._indicators.items()]

    def _gains(self) -> list[Row]:
        """Score before + cents gained ≤ unrounded score after + ½: a half is rounded up."""
        rows = []
        for place, code in enumerate(self._indicators):
            moves = FACTOR_OF.get(code, code)
            now = points.earned(code, self._indicators)
            per_unit = points.earned(code, self._with_one_more(moves)) - now
            most = now + HALF - self._before[code]
            # Both sides differ by whole multiples of this; half of it keeps apart = and >.
            step = Fraction(1, math.lcm(per_unit.denominator, most.denominator))
            scale = max(Fraction(1), _SEEN / step)
            row = -float(per_unit * scale) * self._raising(moves)
            row[len(self._work) + place] = float(scale)
            rows.append((row, float((most + step / 2) * scale)))
        return rows

    def _with_one_more(self, code: str) -> Indicators:
        if code not in self._indicators:
            return self._indicators
        return {**self._indicators, code: self._indicators[code].raised(1)}

    def _files_after_results(self) -> list[Row]:
        """Where a dossier lacks both, its file counts only once it has a result."""
        row = np.zeros_like(self._units)
        for place, one in enumerate(self._work):
            if one.variant == "both":
                row[place] = 1 if one.action == "attach_file" else -1
        return [(row, 0)]

    def _raising(self, code: str) -> Vector:
        """A row with 1 for every class of work that raises the indicator's numerator."""
        raising = [code in one.effects for one in self._work]
        return np.array(raising + [False] * len(self._indicators), dtype=np.float64)
