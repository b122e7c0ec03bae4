"""The one door from a float to an integer, and the names of fixed-point scales."""

import math
from enum import Enum
from fractions import Fraction
from typing import NewType

Wad = NewType("Wad", int)
"""A number times 10**18."""
Ray = NewType("Ray", int)
"""A number times 10**27."""
Bps = NewType("Bps", int)
"""A share times 10**4."""
Timestamp = NewType("Timestamp", int)
"""Seconds since the Unix epoch, as blocks state them."""

SECONDS_PER_YEAR = 365 * 24 * 3600


class Rounding(Enum):
    """Which way a division that leaves a remainder goes; there is no default."""

    DOWN = "down"
    UP = "up"


def quantise(value: float | Fraction, unit: Fraction | int, rounding: Rounding) -> int:
    """How many of `unit` there are in `value`, rounded towards minus or plus infinity.

    A float is taken as the exact binary fraction that it is. Raises ValueError for NaN and
    infinity and for a unit that is not positive.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot become an integer: find where it entered")
    if unit <= 0:
        raise ValueError(f"the unit {unit} is not positive")
    exact = Fraction(value) / Fraction(unit)
    return math.floor(exact) if rounding is Rounding.DOWN else math.ceil(exact)
