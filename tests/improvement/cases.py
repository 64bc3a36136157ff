"""Small units of every shape, and all that could be done in them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from chiso766 import points
from chiso766.points import Indicator, Indicators
from chiso766.solver import Work, done

# Indicators that share work; the numbers of a test, not of the law.
FAMILIES = (
    (("synchronise", "", ("1.4",)),),
    (
        ("attach_result", "", ("4.1",)),
        ("attach_result", "", ("4.1", "4.2")),
        ("attach_result", "both", ("4.1",)),
        ("attach_file", "both", ("4.2",)),
        ("attach_file", "", ("4.2",)),
    ),
    (
        ("pay_online", "", ("3.6",)),
        ("pay_online", "", ("3.5b", "3.6")),
        ("use_service", "", ("3.2", "3.5b")),
        ("use_service", "", ("3.2",)),
    ),
    (("take_in_supplement", "", ("2.1", "5.4")), ("take_in_supplement", "", ("2.1",))),
)


def indicator(numerator: int, denominator: int, most: int = 6, target: str = "1") -> Indicator:
    return Indicator(Fraction(most), Fraction(target), Fraction(numerator), Fraction(denominator))


def small_unit(seed: int) -> tuple[Indicators, list[Work]]:
    """Counts and work of a unit with few things, so that all that can be done can be listed."""
    chance = random.Random(seed)
    families = chance.sample(FAMILIES, chance.choice((1, 2, 2, 3)))
    kinds = [kind for family in families for kind in family if chance.random() < 0.75]
    most = 4 if len(kinds) < 5 else 2 if len(kinds) < 7 else 1
    work = [Work(*kind, chance.randint(1, most)) for kind in kinds]
    codes = sorted({code for family in families for kind in family for code in kind[2]})
    if "1.4" in codes:
        codes.append("3.3")
    indicators = {}
    for code in codes:
        # Denominators at which many scores end on half a cent, and small ones.
        denominator = chance.choice((1, 3, 7, 16, 40, 240, 800, 1200, 4000))
        numerator = chance.randrange(denominator + 2)
        target = chance.choice(("1", "0.8", "0.5", "0.9"))
        indicators[code] = indicator(numerator, denominator, chance.choice((0, 2, 6, 20)), target)
    return indicators, work


def everything_that_can_be_done(indicators: Indicators, work: list[Work]) -> Iterator[list[int]]:
    """Every number of units of every class of work that the rules allow."""
    for units in product(*(range(one.things + 1) for one in work)):
        both = {one.action: n for one, n in zip(work, units, strict=True) if one.variant == "both"}
        if both.get("attach_file", 0) > both.get("attach_result", 0):
            continue
        after = done(indicators, work, units)
        if all(
            after[code].numerator <= max(one.denominator, one.numerator)
            for code, one in indicators.items()
        ):
            yield list(units)


def gain(indicators: Indicators, work: list[Work], units: list[int]) -> int:
    """In cents."""
    return points.total(done(indicators, work, units)) - points.total(indicators)
