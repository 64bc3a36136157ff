"""The score that counts earn, in exact arithmetic: ``indicator_score.sql`` in Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

CENTS = 100  # in a point: scores have two decimals
HALF = Fraction(1, 2)

# The score of the first is multiplied with the ratio of the second.
FACTOR_OF = {"3.3": "1.4"}


@dataclass(frozen=True)
class Indicator:
    """A unit's counts of one indicator in one period, and the rule in force.

    ``denominator`` is above 0. ``max_score`` in points, 0 where the indicator has no score.
    """

    max_score: Fraction
    target_ratio: Fraction
    numerator: Fraction
    denominator: Fraction

    @property
    def ratio(self) -> Fraction:
        """At most 1."""
        return min(Fraction(1), self.numerator / self.denominator)

    @cached_property
    def earned(self) -> Fraction:
        """Hundredths of a point before the maximum, a factor and the rounding."""
        return CENTS * self.max_score * self.numerator / (self.denominator * self.target_ratio)

    @cached_property
    def score(self) -> int:
        """In hundredths of a point, without a factor; worked out once, for plans ask often."""
        return self.rounded(self.earned)

    def rounded(self, earned: Fraction) -> int:
        """The score for what was earned: at most the maximum, rounded once, half up."""
        return math.floor(min(CENTS * self.max_score, earned) + HALF)

    @property
    def room(self) -> int:
        """By how many whole units the numerator may rise."""
        return max(0, math.floor(self.denominator - self.numerator))

    def raised(self, units: int) -> Indicator:
        """The same with ``units`` more in the numerator."""
        return replace(self, numerator=self.numerator + units)


Indicators = Mapping[str, Indicator]  # of one unit and period, by code


def score(code: str, indicators: Indicators) -> int:
    """The score of an indicator in hundredths of a point."""
    one = indicators[code]
    return one.rounded(earned(code, indicators)) if code in FACTOR_OF else one.score


def earned(code: str, indicators: Indicators) -> Fraction:
    """Hundredths of a point before the maximum and the rounding."""
    return indicators[code].earned * _factor(code, indicators)


def _factor(code: str, indicators: Indicators) -> Fraction:
    if code not in FACTOR_OF:
        return Fraction(1)
    other = indicators.get(FACTOR_OF[code])
    return other.ratio if other else Fraction(0)


def scores(indicators: Indicators) -> dict[str, int]:
    """The scores of all, in hundredths of a point, by code."""
    return {code: score(code, indicators) for code in indicators}


def total(indicators: Indicators) -> int:
    """The sum of their scores, in hundredths of a point."""
    return sum(scores(indicators).values())


def gained(before: Indicators, after: Indicators) -> int:
    """By how much their sum rose; what is the same object as before is not looked at."""
    changed = {code for code, one in after.items() if one is not before[code]}
    changed |= {code for code, factor in FACTOR_OF.items() if factor in changed and code in after}
    return sum(score(code, after) - score(code, before) for code in changed)
